"""The comparison on the validation split, which saves uses of the test split.

A candidate that is not better on the people of the validation split has little chance on those of the test split, so it
is refused without using them. Weights and epochs were chosen on the validation split, which makes this screen
imprecise, but not the test: its people took no part in either.
"""

import json
from pathlib import Path

from heelstrike.package.runtime import Package
from pipeline.evaluate.judged_split import read_judged_split
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.registry.criteria.compared import compared_errors
from pipeline.registry.criteria.contest import Screen
from pipeline.registry.examine import examine
from pipeline.registry.spending import people_needed
from pipeline.scoring.people import person_errors
from pipeline.scoring.signed_rank import signed_rank_p


def screen_of(layout: Layout, params: ProblemParams, challenger: Path, champion: Path) -> Screen | None:
    """Compare two packages on the validation split.

    Args:
        layout: Paths of the split.
        params: The problem's params, with `gates.screen`.
        challenger: Folder of the challenger's package.
        champion: Folder of the champion's package.

    Returns:
        The comparison; `None` if there is no such setting or split, or if so few people could not pass it.

    Raises:
        UserError: An image of the split is missing, or a package cannot be run.
    """
    needed, path = params.gates.screen, layout.out("split") / "val.json"
    if needed is None or not path.is_file() or not json.loads(path.read_text())["annotations"]:
        return None
    people = read_judged_split(layout, params, "val")
    if len(set(people.cases.subjects)) < people_needed(needed):
        return None
    new = examine(Package.load(challenger), people, params, "challenger on val")
    old = examine(Package.load(champion), people, params, "champion on val")
    if new.metric != old.metric:
        return None
    compared = compared_errors(params, new, old)
    errors = person_errors(compared.challenger, compared.champion, compared.subjects)
    return Screen(len(errors.people), 1 - signed_rank_p(errors.relative), needed)
