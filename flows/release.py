"""The end of a retrain, in MLflow: log the run, register the package, run the gates, promote the candidate."""

import re
from dataclasses import dataclass

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from flows.reporting import current_reporter
from heelstrike.progress import listening
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.registry.decision import Decision
from pipeline.registry.gate import gate
from pipeline.registry.promote import PromotionResult, promote
from pipeline.registry.register import register
from pipeline.tracking.model import log_package
from pipeline.tracking.results import log_dataset, log_disturbed, log_evaluation, log_training, log_validation
from pipeline.tracking.runs import retrain_run
from pipeline.tracking.study import log_search


@dataclass(frozen=True)
class Release:
    """The result of a retrain.

    Attributes:
        layout: Problem and repository of the retrain.
        ran: Addresses of the stages that ran, such as `train@rearfoot`.
        flow_run: Id of the Prefect flow run.
        run_id: Id of the MLflow run.
        decision: Verdicts of the gates.
        outcome: Outcome of the promotion.
    """

    layout: Layout
    ran: list[str]
    flow_run: str
    run_id: str
    decision: Decision
    outcome: PromotionResult


def release(layout: Layout, params: ProblemParams, ran: list[str]) -> Release:
    """Log, register, gate and promote. Each step continues where an interrupted call stopped.

    Raises:
        UserError: A store does not answer, or another promotion has moved the champion meanwhile.
    """
    reporter = current_reporter()
    reporter.start("register")
    run_id, version = log_and_register(layout)
    reporter.finish("register", f"version {version}")
    reporter.start("gate")
    decision = judge(layout, params, version)
    reporter.finish("gate", "passed" if decision.passed else f"{len(decision.failures)} failed")
    reporter.start("promote")
    outcome = move_champion(layout, decision)
    reporter.finish("promote", outcome.kind)
    return Release(layout, ran, str(flow_run.get_id()), run_id, decision, outcome)


@task(name="register", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=5)
def log_and_register(layout: Layout) -> tuple[str, int]:
    """Log the outputs of the stages, and register the package as a version of its problem.

    Returns:
        The id of the MLflow run and the number of the version.
    """
    with retrain_run(layout, flow_run=flow_run.get_id()) as run:
        if not run.done:
            log_dataset(layout, run)
            log_validation(layout, run)
            log_search(layout, run)
            log_training(layout, run)
            log_evaluation(layout, run)
            log_disturbed(layout, run)
        model_id = log_package(layout, run)
    return run.run_id, register(layout, model_id, run.run_id).number


@task(name="gate", cache_policy=NO_CACHE)
def judge(layout: Layout, params: ProblemParams, version: int) -> Decision:
    """Compare the candidate with the champion on the current test split; the verdict becomes an artifact of the run."""
    with listening(lambda event: current_reporter().event("gate", event)):
        decision = gate(layout, params, version)
    create_markdown_artifact(decision.markdown(), key=decision_key(layout.problem), description=f"version {version}")
    return decision


def decision_key(problem: str) -> str:
    """Return the key of a problem's decisions among Prefect's artifacts: lowercase letters, digits and dashes."""
    return f"{re.sub('[^a-z0-9]+', '-', problem.lower())}-decision"


@task(name="promote", cache_policy=NO_CACHE)
def move_champion(layout: Layout, decision: Decision) -> PromotionResult:
    """Move the champion alias if every gate passed, and record the decision in any case."""
    return promote(layout.root, decision)
