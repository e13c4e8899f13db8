"""The end of a retrain, in MLflow: log the run, register the package, run the gates, promote the candidate."""

import re
from dataclasses import dataclass

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from flows.notify import notify
from flows.reporting import current_reporter
from heelstrike.progress import listening
from heelstrike.registry.database import store_errors
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.registry.decision import Decision
from pipeline.registry.gate import gate
from pipeline.registry.promote import PromotionResult, promote
from pipeline.registry.register import register
from pipeline.review.evidence import lacks_page, with_page
from pipeline.tracking.conclusion import Conclusion, conclude
from pipeline.tracking.live import LiveRun
from pipeline.tracking.model import log_package
from pipeline.tracking.run import Run


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


def release(layout: Layout, params: ProblemParams, ran: list[str], live: LiveRun) -> Release:
    """Log, register, gate and promote. Each step continues where an interrupted call stopped.

    Args:
        layout: Problem and repository.
        params: The problem's section of params.yaml.
        ran: Addresses of the stages that ran.
        live: The MLflow run of the retrain, which gets the conclusion.

    Raises:
        UserError: A store does not answer, or another promotion has moved the champion meanwhile.
    """
    reporter = current_reporter()
    reporter.start("register")
    run, version = log_and_register(layout, live)
    reporter.finish("register", f"version {version}")
    reporter.start("gate")
    decision = judge(layout, params, version)
    reporter.finish("gate", "passed" if decision.passed else f"{len(decision.failures)} failed")
    if lacks_page(decision):
        reporter.start("compare")
        decision = compare_with_champion(layout, params, decision)
        reporter.finish("compare", f"with version {decision.champion}" if decision.comparison_page else "")
    reporter.start("promote")
    outcome = move_champion(layout, decision)
    if outcome.kind != "already" or not run.done:
        with store_errors(run.uri):
            conclude(layout, run, Conclusion(outcome.version, outcome.kind, outcome.why, headline_numbers(decision)))
    if (trouble := notify(layout.problem, params, outcome)) is not None:
        reporter.say(f"warning: {trouble}")
    reporter.finish("promote", outcome.kind)
    return Release(layout, ran, str(flow_run.get_id()), run.run_id, decision, outcome)


@task(name="register", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=5)
def log_and_register(layout: Layout, live: LiveRun) -> tuple[Run, int]:
    """Log what the stages have made and is not logged yet, and register the package as a version of its problem.

    Returns:
        The MLflow run and the number of the version.
    """
    run = live.complete()
    with store_errors(run.uri):
        model_id = log_package(layout, run)
    return run, register(layout, model_id, run.run_id).number


def headline_numbers(decision: Decision) -> dict[str, float]:
    """Return the numbers of a decision that are headline metrics of the run."""
    numbers = {gate.name: gate.numbers for gate in decision.gates}
    chosen = {
        "against_champion": numbers.get("comparison", {}).get("difference"),
        "latency_ms": numbers.get("latency", {}).get("ms"),
    }
    return {name: value for name, value in chosen.items() if value is not None}


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


@task(name="compare", cache_policy=NO_CACHE)
def compare_with_champion(layout: Layout, params: ProblemParams, decision: Decision) -> Decision:
    """Make the page that compares the candidate with the champion, and return the decision with its digest."""
    reporter = current_reporter()
    with listening(lambda event: reporter.event("compare", event)):
        return with_page(layout, params, decision, reporter.say)


@task(name="promote", cache_policy=NO_CACHE)
def move_champion(layout: Layout, decision: Decision) -> PromotionResult:
    """Move the champion alias if every gate passed and no approval is missing; record the decision in any case."""
    return promote(layout.root, decision)
