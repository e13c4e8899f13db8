"""The collect stage: labels of every source, frames of their videos, one annotation table.

It reads data/raw/PROBLEM, or renders synthetic sources, and writes annotations.parquet, images/ and summary.json below
data/PROBLEM/collect.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from heelstrike.errors import UserError
from heelstrike.files import folder_aside, write_json
from heelstrike.progress import progress
from pipeline.annotations import BOX_COLUMNS, SLICE_PREFIX, in_order, slice_columns, write_table
from pipeline.collect.agreement import agreement
from pipeline.collect.batches import unversioned_notes
from pipeline.collect.boxes import boxes_of
from pipeline.collect.corrections import correct
from pipeline.collect.images import file_of, with_images
from pipeline.collect.labelled_sizes import in_image_pixels
from pipeline.collect.left_out import dropped_labels, other_left_out, refuse_left_out, sentences
from pipeline.collect.sources import SourceLabels, names_only, one_table, read_source
from pipeline.layout import Layout
from pipeline.params import ProblemParams


def run(params: ProblemParams, layout: Layout) -> None:
    """Run the stage.

    Raises:
        UserError: No source has labels, or anything is wrong with a label file, a video or an image; every finding is
            listed.
    """
    problem, keypoints = params.problem, params.problem.keypoints
    batches = [read_source(source, layout, problem) for source in params.collect.sources]
    table, unread = one_table(batches), unversioned_notes(layout.raw)
    if table.empty:
        patterns = ", ".join(getattr(source, "labels", source.kind) for source in params.collect.sources)
        none = f"{layout.raw}: no labels found for any source of params ({patterns}); put labels there"
        raise UserError("\n".join([none, *sentences(dropped_labels(batches), []), *unread]))
    instances = [sum(len(labels.table) for labels in batch.labels) for batch in batches]
    batches = [names_only(batch) for batch in batches]  # the labels are in the table
    table = with_images(table, layout)
    corrected = correct(table, keep_repeated=params.collect.repeated_pictures == "keep")
    table, superseded, replaced = corrected.table.reset_index(drop=True), corrected.summary, corrected.sentences
    del corrected  # it holds the table as it was
    if table.empty:
        raise UserError(f"{layout.raw}: later batches withdraw every label; put labels there")
    table = table.assign(video=table["media"].where(table["frame"] >= 0, ""))
    table, size_notes = in_image_pixels(table, keypoints)
    boxes = boxes_of(table, keypoints, params.collect.box_buffer_px)
    table = table.assign(**dict(zip(BOX_COLUMNS, boxes.T, strict=True)))
    table = in_order(table.drop(columns="file"))
    images = table.loc[table["image"] != table["image"].shift(), ["image", "place", "frame"]]
    del table["place"]
    dropped, others = dropped_labels(batches), other_left_out(batches, table, layout.raw)
    if params.collect.strict:
        refuse_left_out(dropped, others)
    summary = _summary(table, batches, instances, superseded, [*unread, *_notes(batches), *replaced, *size_notes]) | {
        "dropped": dropped,
        "left_out": others,
    }
    cache = layout.work("collect", "frames")
    with folder_aside(layout.out("collect")) as out:
        _place_images(images, cache, out)
        write_table(table, out / "annotations.parquet", keypoints)
        write_json(out / "summary.json", summary)
    _prune_cache(cache, used={Path(folder) for folder in set(map(os.path.dirname, _files(images)))})
    _print_summary(summary)


def _place_images(images: pd.DataFrame, cache: Path, out: Path) -> None:
    """Put the images into the output: frames are linked from the work cache, stills are copied.

    Stills are not linked, since an edit of the raw file would then change the output without DVC noticing.

    Args:
        images: Columns image, its name below the output, and place and frame, which name its file.
        cache: The work cache.
        out: The output.
    """
    for folder in sorted(set(map(os.path.dirname, images["image"]))):
        (out / folder).mkdir(parents=True, exist_ok=True)
    with progress("place images", len(images)) as bar:
        for number, (name, file) in enumerate(zip(images["image"], _files(images), strict=True), start=1):
            path = Path(file)
            if not path.is_relative_to(cache) or not _try_link(path, out / name):
                shutil.copyfile(path, out / name)
            if number % 100 == 0 or number == len(images):
                bar.advance(number - bar.done)


def _files(images: pd.DataFrame) -> Iterator[str]:
    return map(file_of, images["place"], images["frame"])


def _try_link(path: Path, target: Path) -> bool:
    try:
        os.link(path, target)
    except OSError:  # the cache is on another file system, or the file system has no links
        return False
    return True


def _prune_cache(cache: Path, used: set[Path]) -> None:
    """Remove frames that no label needs any more, and what killed runs left behind."""
    if cache.is_dir():
        for folder in set(cache.iterdir()) - used:
            shutil.rmtree(folder, ignore_errors=True)


def _notes(batches: list[SourceLabels]) -> list[str]:
    return [note for batch in batches for labels in batch.labels for note in labels.notes]


def _summary(
    table: pd.DataFrame,
    batches: list[SourceLabels],
    instances: list[int],
    superseded: list[dict[str, Any]],
    notes: list[str],
) -> dict[str, Any]:
    return {
        "videos": int(table.loc[table["video"] != "", "video"].nunique()),
        "images": int(table["image"].nunique()),
        "instances": len(table),
        "subjects": int(table["subject"].nunique()),
        "sources": [
            {
                "kind": batch.kind,
                "label_files": [path.relative_to(batch.root).as_posix() for path in batch.files],
                "instances": count,
            }
            for batch, count in zip(batches, instances, strict=True)
        ],
        "slices": [column.removeprefix(SLICE_PREFIX) for column in slice_columns(table)],
        "superseded": superseded,
        "notes": notes,
        "agreement": agreement([labels.votes for batch in batches for labels in batch.labels]),
    }


def _print_summary(summary: dict[str, Any]) -> None:
    print("collect: {images} images, {instances} instances, {videos} videos, {subjects} subjects".format(**summary))
    for sentence in sentences(summary["dropped"], summary["left_out"]):
        print(f"collect: {sentence}; listed in summary.json")
    for note in summary["notes"]:
        print(f"collect: {note}")
    if summary["agreement"] is not None:
        agreed = summary["agreement"]
        print(
            "collect: {images} images were labelled by several people; they agree on {pairwise:.0%} of the pairs of "
            "labels, Fleiss' kappa {kappa}".format(**agreed)
            + f"; {len(agreed['disagreements'])} to label again are listed in summary.json"
        )
