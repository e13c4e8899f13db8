"""A challenger held against the champion, both on the current test split."""

from pathlib import Path

from heelstrike.clock import utc_now
from heelstrike.package.runtime import Package
from heelstrike.registry.pull import fetch
from heelstrike.registry.versions import CHAMPION
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.registry.criteria import Contest, Side, run_gates
from pipeline.registry.decision import Decision
from pipeline.registry.examine import examine
from pipeline.registry.judged_split import JudgedSplit, read_judged_split
from pipeline.registry.promote import stored_decision
from pipeline.registry.store import ROLLED_BACK_TAG, open_registry
from pipeline.scoring.case_table import CASES, Cases, read_cases
from pipeline.tracking.tags import WEIGHTS_TAG


def gate(layout: Layout, params: ProblemParams, version: int) -> Decision:
    """Run every gate for a registered candidate.

    The candidate is fetched from the registry like any consumer would. Where the evaluate stage looked at the network
    in it, on the same test split, the candidate is scored on evaluate's table of cases, and what is served must score
    the same; otherwise, like the champion, on what it answers now.

    Args:
        layout: Where the test split and the validation result lie.
        params: The problem's params, with the gates.
        version: The candidate's number, from `register`.

    Returns:
        The decision. For a candidate that is the champion already, the decision that made it so.

    Raises:
        UserError: A package cannot be fetched or is damaged, or there is no test split.
    """
    with open_registry(layout.root, layout.problem) as registry:
        challenger = registry.version(version)
        champion = registry.aliased(CHAMPION)
        made_by = stored_decision(challenger)
        if champion is not None and champion.number == challenger.number:
            if made_by is not None and made_by.passed:
                return made_by
            champion = None  # made champion by hand: judged on its own
        folder = fetch(registry.reader, challenger)
        against = None if champion is None else fetch(registry.reader, champion)
    tests = read_judged_split(layout, params)
    evaluated = read_cases(layout.out("evaluate") / CASES, challenger.tags.get(WEIGHTS_TAG), tests.digest)
    contest = Contest(
        params=params,
        challenger=_side(folder, tests, params, f"challenger {challenger.number}", evaluated),
        champion=None
        if against is None or champion is None
        else _side(against, tests, params, f"champion {champion.number}"),
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


def _side(folder: Path, tests: JudgedSplit, params: ProblemParams, label: str, evaluated: Cases | None = None) -> Side:
    package = Package.load(folder)
    return Side(folder, package.manifest, examine(package, tests, params, label, evaluated))
