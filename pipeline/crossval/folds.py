"""Who is judged in each fold, who chooses its epoch, and who it learns from."""

from dataclasses import dataclass

import pandas as pd

from heelstrike.errors import UserError
from pipeline.annotations import read_table
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.split.folds import fold_rows, single_rows
from pipeline.split.groups import group_subjects, linked_images


@dataclass(frozen=True)
class Fold:
    """Subjects of one fold; together they are all of train and val.

    Attributes:
        number: From 0.
        judged: The network never sees them.
        chosen_by: The epoch that is kept is best on them.
        learned: The others.
    """

    number: int
    judged: tuple[str, ...]
    chosen_by: tuple[str, ...]
    learned: tuple[str, ...]

    @property
    def name(self) -> str:
        """`fold-0`."""
        return f"fold-{self.number}"


def make_folds(params: ProblemParams, layout: Layout, subjects: set[str], count: int) -> list[Fold]:
    """Folds over subjects; look-alikes and images that subjects share stay together, as `split` keeps them.

    A fold is judged by a network that learned from the others, but for the next ones, up to the share `split.val`,
    which choose the epoch: chosen by those that judge it, it would look better than it is.

    Args:
        params: The problem's section.
        layout: Where the annotation table lies.
        subjects: Of train and val.
        count: Number of folds; 0 for one subject each.

    Raises:
        UserError: There are too few independent subjects.
    """
    table = read_table(layout.out("collect") / "annotations.parquet", params.problem.keypoints)
    table = table.sort_values(["image", "instance"], ignore_index=True)
    groups = group_subjects(table["subject"], linked_images(table, params.split.near_duplicate_bits))
    rest = table[table["subject"].isin(subjects)]
    of_row = rest["subject"].map(groups).to_numpy()
    settings = params.split.model_copy(update={"folds": count})
    parted = fold_rows(rest, of_row, settings) if count else single_rows(rest, of_row)
    return _rotated([_subjects(rest.iloc[rows]) for _, rows in parted], params.split.val)


def _subjects(rows: pd.DataFrame) -> tuple[str, ...]:
    return tuple(sorted(rows["subject"].astype(str).unique()))


def _rotated(parts: list[tuple[str, ...]], share: float) -> list[Fold]:
    count = len(parts)
    choosing = max(1, round(share * count))
    if count < choosing + 2:
        raise UserError(
            f"{count} folds are too few: one is judged, {choosing} choose the epoch (split.val is {share}), and one at "
            "least must be learned from; use more folds, or a smaller split.val"
        )
    folds = []
    for number, judged in enumerate(parts):
        ring = [parts[(number + step) % count] for step in range(1, count)]
        chosen_by, learned = (sorted(s for part in some for s in part) for some in (ring[:choosing], ring[choosing:]))
        folds.append(Fold(number, judged, tuple(chosen_by), tuple(learned)))
    return folds
