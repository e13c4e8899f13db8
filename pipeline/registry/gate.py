"""Compares a challenger with the champion on the current test split."""

import hashlib
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
from pipeline.registry.account import Comparison, comparisons, people_digests, spend, standing, tag_of
from pipeline.registry.approval_state import awaits
from pipeline.registry.criteria.comparison import NEEDED
from pipeline.registry.criteria.contest import Contest, Contestant, Screen
from pipeline.registry.criteria.gates import run_gates
from pipeline.registry.decision import Decision, Gate
from pipeline.registry.examine import examine
from pipeline.registry.history import who
from pipeline.registry.promote import stored_decision
from pipeline.registry.promotion_lock import promotion_lock
from pipeline.registry.retire import learned_from_withdrawn
from pipeline.registry.screening import screen_of
from pipeline.registry.store import ROLLED_BACK_TAG, Registry, open_registry
from pipeline.scoring.case_table import CASES, Cases, read_cases
from pipeline.tracking.tags import WEIGHTS_TAG, WITHDRAWN_TAG


def gate(layout: Layout, params: ProblemParams, version: int) -> Decision:
    """Run every gate for a registered candidate.

    The candidate is fetched from the registry, as a consumer does. If the evaluate stage evaluated its network on the
    same test split, the candidate is scored on evaluate's table of cases, and the package must have the same score.
    Otherwise it is scored on its own predictions, like the champion.

    A comparison that could have made the candidate a champion is entered in the account of the test split.

    Args:
        layout: Paths of the splits and the validation result.
        params: The problem's params, with the gates.
        version: The candidate's number, from `register`.

    Returns:
        The decision; for a candidate that already is the champion, the decision that promoted it; for one that waits
        for approval, the decision that people were asked to approve, as long as it is about the same champion, test
        split and settings.

    Raises:
        UserError: A package cannot be fetched or is damaged, or there is no test split.
    """
    with open_registry(layout.root, layout.problem) as registry:
        challenger = registry.version(version)
        champion = registry.aliased(CHAMPION)
    tests = read_judged_split(layout, params)
    settings = _settings_digest(params)
    stored = stored_decision(challenger)
    if champion is not None and champion.number == challenger.number:
        if stored is not None and stored.passed:
            return stored
        champion = None  # made champion by hand: evaluated without a comparison
    if stored is not None and _still_waits(stored, challenger, champion, (tests.digest, settings)):
        return stored
    contest = _contest(layout, params, tests, challenger, champion)
    people = people_digests(layout.problem, tests.cases.subjects)
    with open_registry(layout.root, layout.problem) as registry, promotion_lock(registry):
        if champion is not None:
            key = tag_of(challenger.package, champion.package, tests.digest)
            contest = replace(contest, standing=standing(comparisons(registry), key, people))
        decision = Decision(
            problem=layout.problem,
            challenger=challenger.number,
            challenger_package=challenger.package,
            champion=None if champion is None else champion.number,
            champion_package=None if champion is None else champion.package,
            test_split=tests.digest,
            time=utc_now(),
            gates=run_gates(contest),
            settings=settings,
            approvers=params.gates.approvers if params.gates.approval == "required" else 0,
            four_eyes=params.gates.four_eyes,
            started_by=stored.started_by if stored is not None and stored.started_by else who(),
        )
        _spend(registry, decision, people)
    return decision


def _still_waits(
    decision: Decision, challenger: Version, champion: Version | None, split_and_settings: tuple[str, str]
) -> bool:
    """Return True if people are asked to approve a decision that is about today's champion, split and settings."""
    number, package = (None, None) if champion is None else (champion.number, champion.package)
    same = (decision.champion_package, decision.test_split, decision.settings) == (package, *split_and_settings)
    return same and awaits(challenger, decision, number)


def _contest(
    layout: Layout, params: ProblemParams, tests: JudgedSplit, challenger: Version, champion: Version | None
) -> Contest:
    """Fetch both packages and run them on the test split, and on the validation split first if that may save it."""
    with open_registry(layout.root, layout.problem) as registry:
        folder = fetch(registry.reader, challenger)
        with _explain_champion(layout.problem, champion):
            champion_folder = None if champion is None else fetch(registry.reader, champion)
        account = {} if champion is None else comparisons(registry)
    evaluated = read_cases(layout.out("evaluate") / CASES, challenger.tags.get(WEIGHTS_TAG), tests.digest)
    candidate = _contestant(folder, tests, params, f"challenger {challenger.number}", evaluated)
    candidate = replace(candidate, disturbed=_disturbed(candidate, tests, params, layout))
    holder: Contestant | None = None
    screen: Screen | None = None
    if champion is not None and champion_folder is not None:
        with _explain_champion(layout.problem, champion):
            holder = _contestant(champion_folder, tests, params, f"champion {champion.number}")
            compared = tag_of(challenger.package, champion.package, tests.digest) in account
            if not compared and not learned_from_withdrawn(champion):
                screen = screen_of(layout, params, folder, champion_folder)
    return Contest(
        params=params,
        challenger=candidate,
        champion=holder,
        validation=layout.out("validate") / "result.json",
        rolled_back=challenger.tags.get(ROLLED_BACK_TAG),
        screen=screen,
        retiring=_retiring(champion),
    )


def _retiring(champion: Version | None) -> str:
    """Return why a champion is replaced even by a candidate that is not better; empty if it is not."""
    if champion is None or not learned_from_withdrawn(champion):
        return ""
    return (
        f"the champion, version {champion.number}, {champion.tags[WITHDRAWN_TAG]}: it is replaced without a comparison"
    )


def _spend(registry: Registry, decision: Decision, people: str) -> None:
    """Enter the comparison in the account if it could have made a champion: if no other gate failed."""
    numbers = _gate(decision, "comparison").numbers
    others_passed = all(gate.passed for gate in decision.gates if gate.name != "comparison")
    if decision.champion_package is None or NEEDED not in numbers or not others_passed:
        return
    comparison = Comparison(
        time=decision.time,
        challenger=decision.challenger,
        challenger_package=decision.challenger_package,
        champion_package=decision.champion_package,
        test_split=decision.test_split,
        people=people,
        uses=numbers["uses"],
        needed=numbers[NEEDED],
        confidence=numbers["confidence"],
    )
    spend(registry, comparison)


def _gate(decision: Decision, name: str) -> Gate:
    return next(gate for gate in decision.gates if gate.name == name)


def _settings_digest(params: ProblemParams) -> str:
    """Digest of the settings that the gates use."""
    parts = (params.problem, params.package, params.gates, params.measure)
    text = "\n".join("null" if part is None else part.model_dump_json() for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()


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
