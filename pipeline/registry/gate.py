"""Compares a challenger with the champion on the current test split."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from heelstrike.clock import utc_now
from heelstrike.errors import UserError
from heelstrike.package.runtime import Package
from heelstrike.registry.pull import fetch
from heelstrike.registry.versions import CHAMPION, Version
from heelstrike.stores import StoreUnreachableError
from pipeline.evaluate.judged_split import JudgedSplit, read_judged_split
from pipeline.layout import Layout
from pipeline.package.disturbed.check import check_disturbed
from pipeline.package.disturbed.result import DISTURBED, Disturbed, read_disturbed
from pipeline.params import ProblemParams
from pipeline.registry.criteria.contest import Contest, Contestant
from pipeline.registry.criteria.gates import run_gates
from pipeline.registry.decision import Decision
from pipeline.registry.examine import examine
from pipeline.registry.promote import stored_decision
from pipeline.registry.store import ROLLED_BACK_TAG, open_registry
from pipeline.scoring.case_table import CASES, Cases, read_cases
from pipeline.tracking.tags import WEIGHTS_TAG


def gate(layout: Layout, params: ProblemParams, version: int) -> Decision:
    """Run every gate for a registered candidate.

    The candidate is fetched from the registry, as a consumer does. If the evaluate stage evaluated its network on the
    same test split, the candidate is scored on evaluate's table of cases, and the package must have the same score.
    Otherwise it is scored on its own predictions, like the champion.

    Args:
        layout: Paths of the test split and the validation result.
        params: The problem's params, with the gates.
        version: The candidate's number, from `register`.

    Returns:
        The decision; for a candidate that already is the champion, the decision that promoted it.

    Raises:
        UserError: A package cannot be fetched or is damaged, or there is no test split.
    """
    with open_registry(layout.root, layout.problem) as registry:
        challenger = registry.version(version)
        champion = registry.aliased(CHAMPION)
        stored = stored_decision(challenger)
        if champion is not None and champion.number == challenger.number:
            if stored is not None and stored.passed:
                return stored
            champion = None  # made champion by hand: evaluated without a comparison
        folder = fetch(registry.reader, challenger)
        with _explain_champion(layout.problem, champion):
            champion_folder = None if champion is None else fetch(registry.reader, champion)
    tests = read_judged_split(layout, params)
    evaluated = read_cases(layout.out("evaluate") / CASES, challenger.tags.get(WEIGHTS_TAG), tests.digest)
    candidate = _contestant(folder, tests, params, f"challenger {challenger.number}", evaluated)
    candidate = replace(candidate, disturbed=_disturbed(candidate, tests, params, layout))
    with _explain_champion(layout.problem, champion):
        holder = (
            None
            if champion_folder is None or champion is None
            else _contestant(champion_folder, tests, params, f"champion {champion.number}")
        )
    contest = Contest(
        params=params,
        challenger=candidate,
        champion=holder,
        validation=layout.out("validate") / "result.json",
        rolled_back=challenger.tags.get(ROLLED_BACK_TAG),
    )
    return Decision(
        problem=layout.problem,
        challenger=challenger.number,
        challenger_package=challenger.package,
        champion=None if champion is None else champion.number,
        champion_package=None if champion is None else champion.package,
        test_split=tests.digest,
        time=utc_now(),
        gates=run_gates(contest),
    )


@contextmanager
def _explain_champion(problem: str, champion: Version | None) -> Iterator[None]:
    """Say how to go on if the champion's package cannot be fetched or run within the block."""
    try:
        yield
    except StoreUnreachableError:
        raise
    except UserError as error:
        assert champion is not None
        raise UserError(
            f"{error}\n{problem}: nothing can be compared with the champion, version {champion.number}. Make the "
            f"champion before it the champion again with `heelstrike rollback {problem}`. If there is none before it, "
            f"delete the alias {CHAMPION!r} of {problem} in the MLflow UI; the next candidate is then judged without a "
            "comparison"
        ) from error


def _disturbed(candidate: Contestant, tests: JudgedSplit, params: ProblemParams, layout: Layout) -> Disturbed | None:
    """Return the package stage's result if it is of this package, test split and settings; else check again."""
    settings = params.package.disturbed
    if settings is None:
        return None
    stored = read_disturbed(layout.report("disturbed") / DISTURBED)
    digest = candidate.manifest.digest
    if stored is not None and (stored.package, stored.test_split, stored.settings) == (digest, tests.digest, settings):
        return stored
    kinds = check_disturbed(Package.load(candidate.folder, threads=1), tests, settings)
    return Disturbed(package=digest, test_split=tests.digest, settings=settings, kinds=kinds)


def _contestant(
    folder: Path, tests: JudgedSplit, params: ProblemParams, label: str, evaluated: Cases | None = None
) -> Contestant:
    try:
        package = Package.load(folder)
        return Contestant(folder, package.manifest, examine(package, tests, params, label, evaluated))
    except UserError as error:
        raise UserError(f"{label} cannot be run on the test split, so nothing is promoted: {error}") from error
