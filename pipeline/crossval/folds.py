"""The folds: subjects to test on, subjects that choose the epoch, and subjects to train on."""

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
    """Subjects of one fold. Together they are all subjects of the pool.

    Attributes:
        number: Number of the fold, from 0.
        judged: Subjects that the network is tested on.
        chosen_by: Subjects that choose the best epoch.
        learned: Subjects that the network is trained on.
    """

    number: int
    judged: tuple[str, ...]
    chosen_by: tuple[str, ...]
    learned: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the fold, for instance `fold-0`."""
        return f"fold-{self.number}"


def make_folds(params: ProblemParams, layout: Layout, subjects: set[str], count: int) -> list[Fold]:
    """Make folds over subjects. Subjects that share images or look-alikes stay together, as in the split stage.

    Each part of the subjects is tested on once. The next parts, up to the share `split.val`, choose the epoch, and the
    network is trained on the rest. If the tested subjects chose the epoch, the result would be too optimistic.

    Args:
        params: The problem's section of params.yaml.
        layout: The repository and the problem.
        subjects: Subjects of the pool, by default those of train and val.
        count: Number of folds; 0 for one fold per subject.

    Raises:
        UserError: There are too few independent subjects.
    """
    table = read_table(layout.out("collect") / "annotations.parquet", params.problem.keypoints)
    table = table.sort_values(["image", "instance"], ignore_index=True)
    groups = group_subjects(table["subject"], linked_images(table, params.split.near_duplicate_bits))
    rest = table[table["subject"].isin(subjects)]
    row_groups = rest["subject"].map(groups).to_numpy()
    settings = params.split.model_copy(update={"folds": count})
    parts = fold_rows(rest, row_groups, settings) if count else single_rows(rest, row_groups)
    return _rotated([_subjects(rest.iloc[rows]) for _, rows in parts], params.split.val)


def _subjects(rows: pd.DataFrame) -> tuple[str, ...]:
    return tuple(sorted(rows["subject"].astype(str).unique()))


def _rotated(parts: list[tuple[str, ...]], share: float) -> list[Fold]:
    count = len(parts)
    choosing = max(1, round(share * count))
    if count < choosing + 2:
        raise UserError(
            f"{count} folds are too few: one is tested on, {choosing} choose the epoch (split.val is {share}), and at "
            "least one must be trained on; use more folds, or a smaller split.val"
        )
    folds = []
    for number, judged in enumerate(parts):
        ring = [parts[(number + step) % count] for step in range(1, count)]
        chosen_by, learned = (sorted(s for p in group for s in p) for group in (ring[:choosing], ring[choosing:]))
        folds.append(Fold(number, judged, tuple(chosen_by), tuple(learned)))
    return folds
