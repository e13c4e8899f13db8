"""Assignment of subjects to splits: known subjects keep their split, new ones fill the split that lacks most images."""

import csv
import hashlib
from collections import Counter
from pathlib import Path

import pandas as pd

from heelstrike.errors import UserError
from heelstrike.files import write_aside
from pipeline.annotations import SLICE_PREFIX, slice_columns
from pipeline.split.settings import SplitSettings
from pipeline.splits import SPLITS


def read_assignment(path: Path) -> dict[str, str]:
    """Read subjects.csv (columns subject, split); empty if the file does not exist yet.

    Raises:
        UserError: A column is missing, a subject has two splits, or a split is not one of train, val, test.
    """
    if not path.is_file():
        return {}
    assigned: dict[str, str] = {}
    findings = []
    with path.open(newline="", encoding="utf-8") as stream:
        rows = csv.DictReader(stream)
        if list(rows.fieldnames or ()) != ["subject", "split"]:
            raise UserError(
                f"{path}: the columns are {rows.fieldnames}, expected subject, split; "
                "restore it from git, or delete it to assign all subjects again"
            )
        for line, row in enumerate(rows, start=2):
            subject, split = row["subject"], row["split"]
            if split not in SPLITS:
                findings.append(f"{path}:{line}: split is {split!r}; use one of {', '.join(SPLITS)}")
            elif assigned.get(subject, split) != split:
                findings.append(f"{path}:{line}: subject {subject!r} is in {assigned[subject]} above; keep one row")
            else:
                assigned[subject] = split
    if findings:
        raise UserError("\n".join(findings))
    return assigned


def write_assignment(path: Path, assigned: dict[str, str]) -> None:
    """Write subjects.csv atomically, sorted by subject."""
    with write_aside(path) as aside, aside.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(["subject", "split"])
        rows.writerows(sorted(assigned.items()))


def given_splits(table: pd.DataFrame, settings: SplitSettings) -> dict[str, str]:
    """Return subject -> split for the subjects whose split `split.given` sets; empty without `split.given`.

    Raises:
        UserError: No image has a value that `split.given` names, or a subject has images of two splits.
    """
    if settings.given is None:
        return {}
    column, splits = f"{SLICE_PREFIX}{settings.given.slice}", settings.given.splits
    known_values = sorted(table[column].astype(str).unique()) if column in table else []
    missing = [value for value in splits if value not in known_values]
    if missing:
        raise UserError(
            f"split.given: no image has {missing} as slice {settings.given.slice!r}; there are {known_values}"
        )
    row_splits = table[column].astype(str).map(splits).dropna()
    by_subject = row_splits.groupby(table["subject"]).agg(lambda values: sorted(set(values)))
    mixed = [f"{subject} ({', '.join(values)})" for subject, values in by_subject.items() if len(values) > 1]
    if mixed:
        raise UserError(f"split.given: subjects with images of several splits: {', '.join(mixed[:10])}")
    return {str(subject): values[0] for subject, values in by_subject.items()}


def assign(
    table: pd.DataFrame, groups: dict[str, int], known: dict[str, str], settings: SplitSettings
) -> dict[str, str]:
    """Give every subject a split.

    The assignment is deterministic. Groups are assigned in the order of a seeded hash of their first subject, each to
    the split that lacks most images: the lack among all images plus the lack among those of the group's stratum.

    Args:
        table: The annotation table.
        groups: Subject -> number of its group, from `group_subjects`. A group stays together.
        known: Subject -> split of earlier runs, which is kept. A group must not have two splits in it.
        settings: Shares, stratum and seed.

    Returns:
        Subject -> split, for every subject of the table and of `known`.

    Raises:
        UserError: Too few groups for three splits, or the stratum is not a slice of the table.
    """
    members: dict[int, list[str]] = {}
    for subject, group in groups.items():
        members.setdefault(group, []).append(subject)
    images = table.groupby("subject")["image"].nunique()
    size = {group: int(images[subjects].sum()) for group, subjects in members.items()}
    stratum = _strata(table, groups, settings)
    result = dict(known)
    filled: Counter[tuple[str, str]] = Counter()
    waiting = []
    for group, subjects in members.items():
        split = next((known[s] for s in subjects if s in known), None)
        if split is None:
            waiting.append(group)
        else:
            _place(result, filled, subjects, split, size[group], stratum[group])
    waiting.sort(key=lambda group: hashlib.sha256(f"{settings.seed}:{members[group][0]}".encode()).digest())
    shares = settings.shares
    stratum_sizes: Counter[str] = Counter()
    for group, images_of_group in size.items():
        stratum_sizes[stratum[group]] += images_of_group
    total = sum(size.values())
    for left, group in zip(range(len(waiting), 0, -1), waiting, strict=True):
        used = {split: sum(filled[split, s] for s in stratum_sizes) for split in SPLITS}
        empty = [split for split in SPLITS if not used[split]]
        own = stratum[group]
        # the last groups go to empty splits, so that three groups are enough
        split = max(
            empty if empty and left <= len(empty) else SPLITS,
            key=lambda s: shares[s] * total - used[s] + shares[s] * stratum_sizes[own] - filled[s, own],
        )
        _place(result, filled, members[group], split, size[group], own)
    return result


def _place(
    result: dict[str, str],
    filled: Counter[tuple[str, str]],
    subjects: list[str],
    split: str,
    images: int,
    stratum: str,
) -> None:
    result.update(dict.fromkeys(subjects, split))
    filled[split, stratum] += images


def _strata(table: pd.DataFrame, groups: dict[str, int], settings: SplitSettings) -> dict[int, str]:
    """Return group -> its most frequent value of the stratifying slice (the first value among equals)."""
    if settings.stratify is None:
        return dict.fromkeys(groups.values(), "")
    column = f"{SLICE_PREFIX}{settings.stratify}"
    if column not in table.columns:
        slices = [c.removeprefix(SLICE_PREFIX) for c in slice_columns(table)]
        raise UserError(
            f"split.stratify names {settings.stratify!r}, which is not a slice of the data; it has {slices}"
        )
    values = table[column].astype(str).groupby(table["subject"].map(groups))
    return {int(group): str(of_group.mode().iloc[0]) for group, of_group in values}
