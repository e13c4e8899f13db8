"""Which subject goes to which split: those known keep theirs, new ones fill what is farthest under its share."""

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
    """Read subjects.csv (columns subject, split); empty where there is none yet.

    Raises:
        UserError: A column is missing, a subject is there twice, or a split is none of train, val, test.
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
                "restore it from git or delete it to deal all subjects anew"
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
    """Write subjects.csv, sorted by subject; atomic."""
    with write_aside(path) as aside, aside.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(["subject", "split"])
        rows.writerows(sorted(assigned.items()))


def given_splits(table: pd.DataFrame, settings: SplitSettings) -> dict[str, str]:
    """Subject to split, of those whose split the data says; none without `split.given`.

    Raises:
        UserError: The slice is not there, none of its values is named, or a subject has values of two splits.
    """
    if settings.given is None:
        return {}
    column, splits = f"{SLICE_PREFIX}{settings.given.slice}", settings.given.splits
    found = sorted(table[column].astype(str).unique()) if column in table else []
    missing = [value for value in splits if value not in found]
    if missing:
        raise UserError(f"split.given: no image has {missing} as slice {settings.given.slice!r}; there are {found}")
    said = table[column].astype(str).map(splits).dropna()
    of_subject = said.groupby(table["subject"]).agg(lambda values: sorted(set(values)))
    torn = [f"{subject} ({', '.join(values)})" for subject, values in of_subject.items() if len(values) > 1]
    if torn:
        raise UserError(f"split.given: subjects with images of several splits: {', '.join(torn[:10])}")
    return {str(subject): values[0] for subject, values in of_subject.items()}


def assign(
    table: pd.DataFrame, groups: dict[str, int], known: dict[str, str], settings: SplitSettings
) -> dict[str, str]:
    """Give every subject a split.

    Deterministic: groups are dealt in the order of a seeded hash of their first subject, each to the split that lacks
    most images, counted over all images and over those of the group's own stratum together.

    Args:
        table: The annotation table.
        groups: Subject to the number of its group, which stays together; see `group_subjects`.
        known: Subject to split, of earlier runs; kept. No group may have two splits in it.
        settings: Shares, stratum and seed.

    Returns:
        Subject to split for every subject of the table and of `known`.

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
    of_stratum: Counter[str] = Counter()
    for group, images_of_group in size.items():
        of_stratum[stratum[group]] += images_of_group
    total = sum(size.values())
    for left, group in zip(range(len(waiting), 0, -1), waiting, strict=True):
        used = {split: sum(filled[split, s] for s in of_stratum) for split in SPLITS}
        empty = [split for split in SPLITS if not used[split]]
        mine = stratum[group]
        # the last groups go where there is nothing yet, so that three groups are enough
        split = max(
            empty if empty and left <= len(empty) else SPLITS,
            key=lambda s: shares[s] * total - used[s] + shares[s] * of_stratum[mine] - filled[s, mine],
        )
        _place(result, filled, members[group], split, size[group], mine)
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
    """Group to the value of the stratifying slice that most of its rows have (the first of equals)."""
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
