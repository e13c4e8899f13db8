"""The commands by which people decide on candidates, and the dossier that they may want to sign."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

import pipeline.quiet  # noqa: F401 - first: telemetry is turned off before anything else is imported
from flows.checkout_lock import problem_lock
from flows.decisions import Decided, approve_candidate, reject_candidate
from flows.terminal import only_problem
from heelstrike.errors import UserError
from heelstrike.registry.versions import Reference
from heelstrike.text import done, plain, printable
from pipeline.layout import Layout
from pipeline.params import ProblemParams, load_params, problem_in
from pipeline.registry.approval import StaleDecisionError, Waiting, waiting
from pipeline.registry.dossier.page import write_dossier
from pipeline.registry.gate import gate
from pipeline.registry.promote import promote
from pipeline.review.evidence import with_page


def run_approve(text: str, why: str, root: Path, console: Console) -> None:
    """Approve a candidate. If the decision is stale, judge the candidate afresh, and say what came of it.

    Raises:
        UserError: The candidate cannot be approved now.
    """
    layout, params, number = _candidate(text, root)
    try:
        decided = approve_candidate(layout, params, number, why)
    except StaleDecisionError as error:
        raise UserError(f"{error}. {_judged_afresh(layout, params, number, console)}") from error
    _say(decided, f"{layout.problem}/{number}", console)


def run_reject(text: str, why: str, root: Path, console: Console) -> None:
    """Reject a candidate for good.

    Raises:
        UserError: The candidate does not wait for approval, or there is no reason.
    """
    layout, params, number = _candidate(text, root)
    _say(reject_candidate(layout, params, number, why), f"{layout.problem}/{number}", console)


def run_approvals(problem: str, root: Path, console: Console) -> None:
    """Print the candidates that wait for approval, of one problem or of all.

    Raises:
        UserError: params.yaml is wrong, or the registry does not answer.
    """
    sections = load_params(root / "params.yaml")
    if problem:
        problem_in(sections, problem)
    entries = [
        entry for name in ([problem] if problem else sections) for entry in waiting(Layout(root.resolve(), name))
    ]
    if not entries:
        console.print("No candidate waits for approval.")
        return
    table = Table("candidate", "judged (UTC)", "started by", "approvals", "comparison", "", box=None)
    for entry in entries:
        table.add_row(*map(plain, _row(entry)))
    console.print(table)


def run_dossier(text: str, path: Path | None, root: Path, console: Console) -> None:
    """Write the dossier of a version.

    Raises:
        UserError: There is no such version, its package is damaged, or the store does not answer.
    """
    layout, params, number = _candidate(text, root)
    file = path or root / f"{layout.problem}-{number}.dossier.html"
    write_dossier(layout.root, layout.problem, number, params, file)
    console.print(done(f"{file}: the dossier of {layout.problem}/{number}"))


def _row(entry: Waiting) -> tuple[str, ...]:
    decision = entry.decision
    names = ", ".join(event.by for event in entry.given)
    reason = next(gate.reason for gate in decision.gates if gate.name == "comparison")
    return (
        entry.version.reference,
        decision.time[:16].replace("T", " "),
        decision.started_by,
        f"{len(entry.given)} of {decision.approvers}{f' ({names})' if names else ''}",
        reason,
        f"stale: {entry.stale}" if entry.stale else "",
    )


def _candidate(text: str, root: Path) -> tuple[Layout, ProblemParams, int]:
    """The problem and the number of a version, given as NAME/NUMBER, or as NUMBER if there is only one problem."""
    reference = Reference.parse(f"{only_problem()}/{text}" if text.isdecimal() else text)
    if reference.number is None:
        raise UserError(f"{text}: expected a version such as {reference.name}/3; `heelstrike approvals` lists them")
    sections = load_params(root / "params.yaml")
    return Layout(root.resolve(), reference.name), problem_in(sections, reference.name), reference.number


def _judged_afresh(layout: Layout, params: ProblemParams, number: int, console: Console) -> str:
    def say(line: str) -> None:
        console.print(printable(line), highlight=False, markup=False)

    with problem_lock(layout.root, layout.problem, "approve", wait=True, say=say):
        decision = with_page(layout, params, gate(layout, params, number), say)
        outcome = promote(layout.root, decision)
    if outcome.kind == "waiting":
        return "It was judged afresh, passed every gate and waits again: look at the new decision and approve it"
    return f"It was judged afresh and {outcome.kind}: {outcome.why}"


def _say(decided: Decided, reference: str, console: Console) -> None:
    console.print(done(decided.sentence(reference)))
    if decided.trouble is not None:
        console.print(plain(f"warning: {decided.trouble}", "yellow"))
