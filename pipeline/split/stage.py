"""Split: which images train, which select, which judge.

Reads data/PROBLEM/collect/annotations.parquet and, where it exists, data/PROBLEM/subjects.csv; writes train.json,
val.json, test.json, folds/ and summary.json below data/PROBLEM/split, and subjects.csv again with the new subjects.

subjects.csv lies in git: a subject keeps its split when data is added, or the test split would drift into what earlier
champions trained on. Delete a row to deal that subject anew, or the file to deal all of them anew.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int

from heelstrike.errors import UserError
from heelstrike.files import folder_aside, write_json
from pipeline.annotations import CLASS, SLICE_PREFIX, read_table, slice_columns
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.split.assign import assign, given_splits, read_assignment, write_assignment
from pipeline.split.balance import balance
from pipeline.split.coco import coco
from pipeline.split.folds import fold_rows
from pipeline.split.groups import group_subjects, linked_images
from pipeline.split.leaks import find_leaks
from pipeline.split.settings import SplitSettings
from pipeline.splits import SPLITS, TEST, TRAINED_ON


def run(params: ProblemParams, layout: Layout) -> None:
    """Run the stage.

    Raises:
        UserError: Too few independent subjects, or images of one subject or near-duplicates would be in two splits.
    """
    settings, problem = params.split, params.problem
    table = _numbered(read_table(layout.out("collect") / "annotations.parquet", problem.keypoints))
    remembered = layout.root / "data" / layout.problem / "subjects.csv"
    known = read_assignment(remembered) | given_splits(table, settings)
    links = linked_images(table, settings.near_duplicate_bits)
    groups = group_subjects(table["subject"], links)
    _refuse_known_leaks(table, links, known, groups, remembered)
    _refuse_too_few(table, groups)
    deal = balance if settings.by_class else assign
    assigned = deal(table, groups, known, settings)
    table["split"] = table["subject"].map(assigned)
    _refuse_empty(table, remembered)
    with folder_aside(layout.out("split")) as out:
        for split in SPLITS:
            write_json(out / f"{split}.json", coco(table[table["split"] == split], problem))
        rest = table[table["split"] != TEST]
        for number, rows in enumerate(fold_rows(rest, rest["subject"].map(groups).to_numpy(), settings)):
            for split, chosen in zip(TRAINED_ON, rows, strict=True):
                write_json(out / "folds" / str(number) / f"{split}.json", coco(rest.iloc[chosen], problem))
        summary = _summary(table, groups)
        write_json(out / "summary.json", summary)
        check_leaks(out, table, settings)
    write_assignment(remembered, assigned)
    print("\n".join(_told(summary, settings)))
    kept = len(groups.keys() & known.keys())
    if kept:
        print(f"{kept} subjects keep the split that {remembered} gives them; delete it to deal anew")


def check_leaks(folder: Path, table: pd.DataFrame, settings: SplitSettings) -> None:
    """Check the written files against each other.

    Raises:
        UserError: A subject, an image or near-duplicates are in two splits, or in train and val of one fold.
    """
    hashes = dict(zip(table["image"], table["phash"], strict=True))
    test = json.loads((folder / f"{TEST}.json").read_text())
    findings = []
    for part in (folder, *sorted((folder / "folds").glob("*"))):
        contents = {split: json.loads((part / f"{split}.json").read_text()) for split in TRAINED_ON}
        where = "" if part == folder else f"fold {part.name}: "
        leaks = find_leaks(contents | {TEST: test}, hashes, settings.near_duplicate_bits)
        findings += [f"leak: {where}{leak}" for leak in leaks]
    if findings:
        raise UserError("\n".join(findings))


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    """The table in a fixed order, with the ids that COCO needs."""
    table = table.sort_values(["image", "instance"], ignore_index=True)
    return table.assign(
        image_id=table.groupby("image", sort=True).ngroup() + 1, annotation_id=np.arange(1, len(table) + 1)
    )


def _refuse_known_leaks(
    table: pd.DataFrame, links: Int[np.ndarray, "M 2"], known: dict[str, str], groups: dict[str, int], path: Path
) -> None:
    """Two subjects of different splits must not turn out to be linked, be it by way of new subjects."""
    splits: dict[int, dict[str, list[str]]] = {}
    for subject, group in groups.items():
        if subject in known:
            splits.setdefault(group, {}).setdefault(known[subject], []).append(subject)
    findings = []
    for group, by_split in splits.items():
        if len(by_split) < 2:
            continue
        members = "; ".join(f"{split}: {', '.join(subjects)}" for split, subjects in sorted(by_split.items()))
        subjects = table["subject"].to_numpy()
        pairs = [
            f"{table['image'][i]} ({subjects[i]}) ~ {table['image'][j]} ({subjects[j]})"
            for i, j in links
            if groups[subjects[i]] == group and subjects[i] != subjects[j]
        ]
        findings.append(f"leak: subjects of different splits have images in common or look-alikes ({members})")
        findings += [f"  {pair}" for pair in pairs[:10]] + (
            [f"  and {len(pairs) - 10} more"] if len(pairs) > 10 else []
        )
    if findings:
        findings.append(
            f"If the images do show the same, delete the rows of all but one split from {path} and run again: the "
            "subjects then go where the remaining one is. If not, lower split.near_duplicate_bits in params.yaml."
        )
        raise UserError("\n".join(findings))


def _refuse_too_few(table: pd.DataFrame, groups: dict[str, int]) -> None:
    count, subjects = len(set(groups.values())), len(groups)
    if count >= len(SPLITS):
        return
    linked = f", which near-duplicates tie into {count}" if count < subjects else ""
    raise UserError(
        f"{len(table)} labelled instances of {subjects} subject(s){linked} cannot be parted into train, val and test: "
        f"at least {len(SPLITS)} independent subjects are needed. Add subjects; or, where the images are independent "
        "of each other, let each be its own subject (`subject: image` in the source's settings)"
        + ("; or lower split.near_duplicate_bits." if linked else ".")
    )


def _refuse_empty(table: pd.DataFrame, path: Path) -> None:
    empty = [split for split in SPLITS if not (table["split"] == split).any()]
    if empty:
        raise UserError(
            f"{path} puts no subject of the data into {' and '.join(empty)}; "
            "delete rows of it, or all of it, to deal those subjects anew"
        )


def _summary(table: pd.DataFrame, groups: dict[str, int]) -> dict[str, Any]:
    """Counts per split and slice, and which subjects were kept together."""
    per_split = {
        split: {
            "images": int(rows["image"].nunique()),
            "subjects": int(rows["subject"].nunique()),
            "classes": _counts(rows[CLASS]) if CLASS in table.columns else {},
            "slices": {c.removeprefix(SLICE_PREFIX): _counts(rows[c]) for c in slice_columns(table)},
        }
        for split, rows in table.groupby("split")
    }
    tied: dict[int, list[str]] = {}
    for subject, group in groups.items():
        tied.setdefault(group, []).append(subject)
    return {
        "splits": per_split,
        "tied_subjects": [subjects for subjects in tied.values() if len(subjects) > 1],
    }


def _counts(values: pd.Series) -> dict[str, int]:
    return {str(k): int(v) for k, v in values.value_counts(sort=False).items()}


def _told(summary: dict[str, Any], settings: SplitSettings) -> list[str]:
    splits = summary["splits"]
    total = sum(part["images"] for part in splits.values())
    lines = [
        f"{split}: {splits[split]['images']} images of {splits[split]['subjects']} subjects, "
        f"{splits[split]['images'] / total:.0%} (asked for {settings.shares[split]:.0%})"
        + "".join(f", {count} {name}" for name, count in sorted(splits[split]["classes"].items()))
        for split in SPLITS
    ]
    tied = [f"kept together, their images look alike: {', '.join(names)}" for names in summary["tied_subjects"]]
    return lines + tied
