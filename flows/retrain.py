"""The retrain flow: version new data, run the stages of dvc.yaml, register the result, gate it, promote it."""

from pathlib import Path

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from flows.batches import half_made, require_files, versioned_batches
from flows.checkout_lock import problem_lock
from flows.git_state import require_branch
from flows.inbox import check_folder
from flows.ingest import ingest_locked
from flows.left_files import lines_about_left
from flows.lost_runs import tag_with_process
from flows.recording import keep_raw_folder, push_outputs, record_state
from flows.release import Release, release
from flows.reporting import current_reporter, show
from flows.shared import give, take
from flows.stages import run_stage, stage_names
from heelstrike.media import files_below
from heelstrike.progress import Event
from heelstrike.registry.database import open_mlflow
from pipeline.executors.choose import check_engines
from pipeline.executors.devices import devices, refuse_parts
from pipeline.layout import Layout
from pipeline.params import ProblemParams, load_params, problem_in
from pipeline.registry.weights import supply
from pipeline.tracking.live import LiveRun, live_run


@flow(name="retrain", flow_run_name="retrain-{problem}", on_running=[tag_with_process])
def retrain(problem: str, root: str = ".", wait: bool = True, share: bool = False) -> Release:
    """Retrain one problem. After any interruption, run it again: it continues where it stopped.

    Args:
        problem: The problem's name in params.yaml.
        root: The repository root.
        wait: If true, wait while another command works on the problem in this checkout; otherwise refuse.
        share: If true, bring the checkout up to date before, and push its commits afterwards, so that several machines
            can retrain in turn.

    Raises:
        UserError: params.yaml, engine or devices are wrong, git is not on a branch, files of a batch are missing, a
            stage failed, or a store does not answer.
    """
    layout = Layout(Path(root).resolve(), problem)
    params = load_params(layout.root / "params.yaml")
    problem_in(params, problem)
    check_engines()
    refuse_parts(params[problem].train.parts, devices())
    say = current_reporter().say
    with problem_lock(layout.root, problem, "retrain", wait=wait, say=say):
        require_branch(layout.root)
        if share:
            take(layout)
            params = load_params(layout.root / "params.yaml")
            problem_in(params, problem)
        open_mlflow(layout.root)  # a registry that does not answer is reported now, not after the training
        keep_raw_folder(layout)
        inbox = layout.inbox
        if inbox.is_dir() and (files_below(inbox) or half_made(layout, versioned_batches(layout))):
            check_folder(layout, inbox)
            for line in lines_about_left(layout, ingest_locked(layout, params[problem], inbox)):
                say(line)
        require_files(layout)
        with live_run(layout, flow_run.get_id(), say) as live:
            supply_start(layout, params[problem])
            ran = [address for address in stage_names(layout.root, problem) if stage(layout.root, address, live)]
            record_state(layout, ran)
            push_outputs(layout)
            if share:
                give(layout)
            return release(layout, params[problem], ran, live)


@task(name="fetch weights", cache_policy=NO_CACHE)
def supply_start(layout: Layout, params: ProblemParams) -> None:
    """Fetch the weights that `train.init_from` pins, if they are missing."""
    if fetched := supply(params, layout):
        current_reporter().say(f"fetched the weights of {fetched} to start from")


@task(name="stage", task_run_name="{address}", cache_policy=NO_CACHE)
def stage(root: Path, address: str, live: LiveRun) -> bool:
    """Run one stage of dvc.yaml if anything it depends on has changed, and return whether it ran."""
    reporter, name = current_reporter(), address.split("@")[0]

    def report(event: Event) -> None:
        show(reporter, name, event)
        live.event(event)

    reporter.start(name)
    live.start(name)
    ran = run_stage(root, address, report, reporter.say)
    live.finish(name, ran)
    reporter.finish(name, "" if ran else "unchanged")
    return ran
