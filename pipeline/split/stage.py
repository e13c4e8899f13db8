"""The split stage: assigns images to the training, validation and test splits.

It reads data/PROBLEM/collect/annotations.parquet and, if it exists, data/PROBLEM/subjects.csv. It writes train.json,
val.json, test.json, folds/ and summary.json below data/PROBLEM/split, and adds new subjects to subjects.csv.

subjects.csv is kept in git. A subject keeps its split when data is added; otherwise subjects that earlier champions
trained on would move into the test split. Delete a row to assign its subject again, or the file to assign all subjects
again.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int

from heelstrike.errors import UserError
from heelstrike.files import folder_aside, write_json
from pipeline.annotations import CLASS, SLICE_PREFIX, in_order, read_table, slice_columns
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.split.assign import assign, given_splits, read_assignment, write_assignment
from pipeline.split.balance import balance
from pipeline.split.coco import write_coco
from pipeline.split.folds import fold_rows
from pipeline.split.groups import group_subjects, linked_images
from pipeline.split.leaks import Names, find_leaks, read_names
from pipeline.split.settings import SplitSettings
from pipeline.splits import SPLITS, TEST, TRAINED_ON


def run(params: ProblemParams, layout: Layout) -> None:
    """Run the stage.

    Raises:
        UserError: There are too few independent subjects, or a subject or near duplicates would be in two splits.
    """
    settings, problem = params.split, params.problem
    table = _numbered(read_table(layout.out("collect") / "annotations.parquet", problem.keypoints))
    subjects_csv = layout.root / "data" / layout.problem / "subjects.csv"
    known = read_assignment(subjects_csv) | given_splits(table, settings)
    links = linked_images(table, settings.near_duplicate_bits)
    groups = group_subjects(table["subject"], links)
    _refuse_known_leaks(table, links, known, groups, subjects_csv)
    _refuse_too_few(table, groups)
    assign_subjects = balance if settings.by_class else assign
    assigned = assign_subjects(table, groups, known, settings)
    table["split"] = table["subject"].map(assigned)
    _refuse_empty(table, subjects_csv)
    with folder_aside(layout.out("split")) as out:
        for split in SPLITS:
            write_coco(out / f"{split}.json", table[table["split"] == split], problem)
        rest = table[table["split"] != TEST]
        for number, rows in enumerate(fold_rows(rest, rest["subject"].map(groups).to_numpy(), settings)):
            for split, chosen in zip(TRAINED_ON, rows, strict=True):
                write_coco(out / "folds" / str(number) / f"{split}.json", rest.iloc[chosen], problem)
        summary = _summary(table, groups)
        write_json(out / "summary.json", summary)
        check_leaks(out, table, settings)
    write_assignment(subjects_csv, assigned)
    print("\n".join(_summary_lines(summary, settings)))
    unchanged = len(groups.keys() & known.keys())
    if unchanged:
        print(f"{unchanged} subjects keep their split in {subjects_csv}; delete the file to assign all again")


def check_leaks(folder: Path, table: pd.DataFrame, settings: SplitSettings) -> None:
    """Check the written files against each other.

    Raises:
        UserError: A subject, an image or near duplicates are in two splits, or in train and val of one fold.
    """
    bits = settings.near_duplicate_bits
    hashes = {} if bits is None else dict(zip(table["image"], table["phash"], strict=True))
    test = read_names(folder / f"{TEST}.json")
    findings = []
    for part in (folder, *sorted((folder / "folds").glob("*"))):
        contents: dict[str, Names] = {split: read_names(part / f"{split}.json") for split in TRAINED_ON}
        where = "" if part == folder else f"fold {part.name}: "
        leaks = find_leaks(contents | {TEST: test}, hashes, bits)
        findings += [f"leak: {where}{leak}" for leak in leaks]
    if findings:
        raise UserError("\n".join(findings))


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table in a fixed order, with the ids that COCO needs."""
    table = in_order(table)
    first = table["image"] != table["image"].shift()
    return table.assign(image_id=first.cumsum(), annotation_id=np.arange(1, len(table) + 1))


def _refuse_known_leaks(
    table: pd.DataFrame, links: Int[np.ndarray, "M 2"], known: dict[str, str], groups: dict[str, int], path: Path
) -> None:
    """Refuse links between known subjects of different splits, including links by way of new subjects."""
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
            f"If the images show the same, delete the rows of all but one split from {path} and run again: the "
            "subjects then join the remaining split. If not, lower split.near_duplicate_bits in params.yaml."
        )
        raise UserError("\n".join(findings))


def _refuse_too_few(table: pd.DataFrame, groups: dict[str, int]) -> None:
    count, subjects = len(set(groups.values())), len(groups)
    if count >= len(SPLITS):
        return
    linked = f", which near duplicates join into {count}" if count < subjects else ""
    raise UserError(
        f"{len(table)} labelled instances of {subjects} subject(s){linked} cannot be split into train, val and test: "
        f"at least {len(SPLITS)} independent subjects are needed. Add subjects; or, if the images are independent of "
        "each other, let each be its own subject (`subject: image` in the source's settings)"
        + ("; or lower split.near_duplicate_bits." if linked else ".")
    )


def _refuse_empty(table: pd.DataFrame, path: Path) -> None:
    empty = [split for split in SPLITS if not (table["split"] == split).any()]
    if empty:
        raise UserError(
            f"{path} puts no subject of the data into {' and '.join(empty)}; "
            "delete some of its rows, or the file, to assign those subjects again"
        )


def _summary(table: pd.DataFrame, groups: dict[str, int]) -> dict[str, Any]:
    """Return the counts per split and slice, and the groups of subjects that were kept together."""
    per_split = {
        split: {
            "images": int(rows["image"].nunique()),
            "subjects": int(rows["subject"].nunique()),
            "classes": _counts(rows[CLASS]) if CLASS in table.columns else {},
            "slices": {c.removeprefix(SLICE_PREFIX): _counts(rows[c]) for c in slice_columns(table)},
        }
        for split, rows in table.groupby("split")
    }
    members: dict[int, list[str]] = {}
    for subject, group in groups.items():
        members.setdefault(group, []).append(subject)
    return {
        "splits": per_split,
        "tied_subjects": [subjects for subjects in members.values() if len(subjects) > 1],
    }


def _counts(values: pd.Series) -> dict[str, int]:
    return {str(k): int(v) for k, v in values.value_counts(sort=False).items()}


def _summary_lines(summary: dict[str, Any], settings: SplitSettings) -> list[str]:
    """Return a sentence for each split and each group of subjects that were kept together."""
    splits = summary["splits"]
    total = sum(part["images"] for part in splits.values())
    lines = [
        f"{split}: {splits[split]['images']} images of {splits[split]['subjects']} subjects, "
        f"{splits[split]['images'] / total:.0%} (wanted: {settings.shares[split]:.0%})"
        + "".join(f", {count} {name}" for name, count in sorted(splits[split]["classes"].items()))
        for split in SPLITS
    ]
    groups = [f"kept together because their images look alike: {', '.join(n)}" for n in summary["tied_subjects"]]
    return lines + groups
