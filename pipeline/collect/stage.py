"""Collect: labels of every source, frames of their videos, one annotation table.

Reads data/raw/PROBLEM, or renders synthetic sources; writes annotations.parquet, images/ and summary.json below
data/PROBLEM/collect.
"""

import glob
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from pipeline.annotations import BOX_COLUMNS, SLICE_PREFIX, keypoints_of, slice_columns, write_table
from pipeline.collect import frames
from pipeline.collect.boxes import boxes_around
from pipeline.collect.findings import Findings, raise_all
from pipeline.collect.labels import Labels, is_video
from pipeline.collect.readers import READERS
from pipeline.collect.settings import CollectSettings, CsvSource, Source, SyntheticSource
from pipeline.collect.workers import run_all
from pipeline.errors import UserError
from pipeline.files import Layout, file_digest, folder_aside, json_digest, write_aside, write_json
from pipeline.params import ProblemParams
from pipeline.progress import progress

_MOST_SLICE_VALUES = 32
_LISTED = 200  # rows named in the summary per reason


@dataclass(frozen=True)
class Batch:
    """What one source of params yielded: its labels, whose `media` lie below `root`, and what they are shown as."""

    kind: str
    root: Path
    prefix: str
    files: list[Path]
    labels: list[Labels]
    named_slices: tuple[str, ...]


def run(params: ProblemParams, layout: Layout) -> None:
    """Run the stage.

    Raises:
        UserError: No source has labels, or anything is wrong with a label file, a video or an image; every finding.
    """
    keypoints = params.problem.keypoints
    batches = [_read_source(source, layout, keypoints) for source in params.collect.sources]
    table = _one_table(batches)
    if table.empty:
        looked = ", ".join(getattr(s, "labels", s.kind) for s in params.collect.sources)
        raise UserError(f"{layout.raw}: no labels found for any source of params ({looked}); put labels there")
    roots = {batch.prefix: batch.root for batch in batches}
    table, images, used = _with_images(table, roots, layout)
    table = _with_boxes(table, keypoints, params.collect)
    with folder_aside(layout.out("collect")) as out:
        _place(images, layout.work("collect"), out)
        write_table(table, out / "annotations.parquet", keypoints)
        write_json(out / "summary.json", _summary(table, batches))
    _prune(layout.work("collect", "frames"), used)
    print(_told(table, batches))


def _read_source(source: Source, layout: Layout, keypoints: tuple[str, ...]) -> Batch:
    """All label files of one source."""
    if isinstance(source, SyntheticSource):
        # rendering needs the whole drawing machinery, real data does not
        from pipeline.collect.synthetic import generate

        # more subjects are added to the same folder, beside those rendered before
        digest = json_digest(source.model_dump(mode="json", exclude={"subjects"}))[:12]
        root = layout.work("collect", f"synthetic-{digest}")
        files = [generate(source, root)]
        return _read_files(CsvSource(kind="csv"), "synthetic", root, f"synthetic-{digest}", files, keypoints)
    # unlike Path.glob, this follows linked folders: a large data set need not be copied below data/raw
    found = glob.glob(source.labels, root_dir=layout.raw, recursive=True)  # noqa: PTH207
    files = sorted(layout.raw / name for name in found)
    if not files:
        print(f"collect: no file matches {source.labels!r} ({source.kind}) below {layout.raw}")
    return _read_files(source, source.kind, layout.raw, "", files, keypoints)


def _read_files(
    source: Source, kind: str, root: Path, prefix: str, files: list[Path], keypoints: tuple[str, ...]
) -> Batch:
    labels, errors = list[Labels](), list[UserError]()
    for path in files:
        try:
            labels.append(READERS[source.kind](path, root, source, keypoints))
        except UserError as error:
            errors.append(error)
    raise_all(errors)
    return Batch(kind, root, prefix, files, labels, getattr(source, "slices", None) or ())


def _one_table(batches: list[Batch]) -> pd.DataFrame:
    """Labels of all sources; `media` and `source` prefixed where a source has a root of its own."""
    parts = []
    for batch in batches:
        for labels in batch.labels:
            part = labels.table.assign(root=batch.prefix)
            if batch.prefix:
                for column in ("media", "source"):
                    part[column] = f"{batch.prefix}/" + part[column]
            parts.append(part)
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    again = table.duplicated(["media", "frame", "instance"], keep=False)
    if again.any():
        findings = Findings("labels")
        pairs = table[again].sort_values(["media", "frame", "instance", "source"])
        for _, rows in pairs.groupby(["media", "frame", "instance"], sort=False):
            media, frame = rows[["media", "frame"]].iloc[0]
            what = f"{media}, frame {frame}" if frame >= 0 else media
            findings.add(f"{what} is labelled in {' and in '.join(rows['source'])}; keep one")
        findings.raise_any()
    named = {f"{SLICE_PREFIX}{name}" for batch in batches for name in batch.named_slices}
    table[slice_columns(table)] = table[slice_columns(table)].fillna("").astype("str")
    many = [c for c in slice_columns(table) if c not in named and table[c].nunique() > _MOST_SLICE_VALUES]
    for column in many:
        print(f"collect: column {column.removeprefix(SLICE_PREFIX)!r} has too many values for a slice; left out")
    return table.drop(columns=many)


def _with_images(
    table: pd.DataFrame, roots: dict[str, Path], layout: Layout
) -> tuple[pd.DataFrame, dict[str, Path], set[str]]:
    """Extract frames, look at stills, and join what is known of each image to its labels.

    Returns:
        The table with image, video, time_s, width, height, phash; image name to the file it comes from; the folders of
        the work cache that were used.
    """
    video = table["media"].map({m: is_video(m) for m in table["media"].unique()}).astype(bool)
    media_root = table.drop_duplicates("media").set_index("media")["root"]

    def below(media: str) -> tuple[Path, str]:
        prefix = media_root[media]
        return roots[prefix], media.removeprefix(f"{prefix}/") if prefix else media

    labelled = table[video].drop_duplicates(["media", "frame"]).sort_values(["media", "frame"])
    wanted = {str(media): tuple(rows["frame"].tolist()) for media, rows in labelled.groupby("media", sort=True)}
    jobs = [frames.VideoJob(*below(media), numbers) for media, numbers in wanted.items()]
    cache = layout.work("collect", "frames")
    errors, parts, images, used = list[UserError](), list[pd.DataFrame](), dict[str, Path](), set[str]()
    if jobs:
        with progress("extract frames", sum(len(job.frames) for job in jobs)) as bar:
            folders = run_all(partial(frames.extract, cache=cache), jobs, bar, lambda job: len(job.frames))
        for media, folder in zip(wanted, folders, strict=True):
            if isinstance(folder, UserError):
                errors.append(folder)
                continue
            used.add(folder.name)
            names = {number: f"images/{media}/{frames.frame_file(number)}" for number in wanted[media]}
            images |= {name: folder / frames.frame_file(number) for number, name in names.items()}
            index = frames.read_index(folder)
            parts.append(index.assign(media=media, image=index["frame"].map(names)))
    stills = sorted(table["media"][~video].unique())
    if stills:
        paths = [root / media for root, media in map(below, stills)]
        looks, bad = _look_at_stills(paths, layout.work("collect", "stills.parquet"))
        errors += bad
        images |= {f"images/{media}": path for media, path in zip(stills, paths, strict=True)}
        parts.append(looks.assign(media=stills, frame=-1, time_s=float("nan"), image=[f"images/{m}" for m in stills]))
    raise_all(errors)
    seen = pd.concat(parts, ignore_index=True).astype({"time_s": "float64"})
    joined = table.merge(seen, on=["media", "frame"], how="left", validate="many_to_one")
    return joined.assign(video=table["media"].where(video, "")), images, used


def _look_at_stills(paths: list[Path], known_file: Path) -> tuple[pd.DataFrame, list[UserError]]:
    """Size and perceptual hash of each still image; what earlier runs saw is known by the file's content."""
    known = dict[str, tuple[int, int, str]]()
    if known_file.is_file():
        old = pd.read_parquet(known_file)
        known = dict(zip(old["digest"], zip(old["width"], old["height"], old["phash"], strict=True), strict=True))
    digests = [file_digest(path) for path in paths]
    new = {d: p for d, p in zip(digests, paths, strict=True) if d not in known}
    with progress("look at images", len(paths)) as bar:
        bar.advance(len(paths) - len(new))
        looks = run_all(frames.look_at_still, list(new.values()), bar, lambda _: 1)
    errors = [look for look in looks if isinstance(look, UserError)]
    known |= {d: look for d, look in zip(new, looks, strict=True) if not isinstance(look, UserError)}
    rows = [(d, *known[d]) for d in digests if d in known]
    table = pd.DataFrame(rows, columns=["digest", "width", "height", "phash"])
    known_file.parent.mkdir(parents=True, exist_ok=True)
    with write_aside(known_file) as aside:
        table.drop_duplicates("digest").to_parquet(aside, index=False)
    return table.drop(columns="digest") if not errors else table.iloc[:0], errors


def _with_boxes(table: pd.DataFrame, keypoints: tuple[str, ...], settings: CollectSettings) -> pd.DataFrame:
    xy, _ = keypoints_of(table, keypoints)
    boxes = boxes_around(xy, table["width"].to_numpy(), table["height"].to_numpy(), settings.box_buffer_px)
    table = table.assign(**dict(zip(BOX_COLUMNS, boxes.T, strict=True)))
    return table.sort_values(["image", "instance"], ignore_index=True)


def _place(images: dict[str, Path], work: Path, out: Path) -> None:
    """Put the images into the output: frames linked from the work cache, stills copied.

    Stills are not linked, since an edit of the raw file would reach the output behind DVC's back.
    """
    with progress("place images", len(images)) as bar:
        for folder in sorted({(out / name).parent for name in images}):
            folder.mkdir(parents=True, exist_ok=True)
        for number, (name, path) in enumerate(images.items(), start=1):
            if path.is_relative_to(work):
                frames.link(path, out / name)
            else:
                shutil.copyfile(path, out / name)
            if number % 100 == 0 or number == len(images):
                bar.advance(number - bar.done)


def _summary(table: pd.DataFrame, batches: list[Batch]) -> dict[str, object]:
    dropped: dict[str, list[str]] = {}
    for batch in batches:
        for labels in batch.labels:
            for reason, rows in labels.dropped.items():
                dropped.setdefault(reason, []).extend(rows)
    return {
        "videos": int(table.loc[table["video"] != "", "video"].nunique()),
        "images": int(table["image"].nunique()),
        "instances": len(table),
        "subjects": int(table["subject"].nunique()),
        "sources": [
            {
                "kind": batch.kind,
                "label_files": [path.relative_to(batch.root).as_posix() for path in batch.files],
                "instances": sum(len(labels.table) for labels in batch.labels),
            }
            for batch in batches
        ],
        "slices": [c.removeprefix(SLICE_PREFIX) for c in slice_columns(table)],
        "dropped": [{"reason": r, "count": len(rows), "rows": rows[:_LISTED]} for r, rows in sorted(dropped.items())],
        "notes": [note for batch in batches for labels in batch.labels for note in labels.notes],
    }


def _told(table: pd.DataFrame, batches: list[Batch]) -> str:
    summary = _summary(table, batches)
    text = "collect: {images} images, {instances} instances, {videos} videos, {subjects} subjects".format(**summary)
    lines = [f"collect: left out {d['count']} labels: {d['reason']}" for d in summary["dropped"]]  # type: ignore[attr-defined]
    return "\n".join([text, *lines, *(f"collect: {note}" for note in summary["notes"])])  # type: ignore[attr-defined]


def _prune(cache: Path, used: set[str]) -> None:
    """Remove frames that no label wants any more, and what killed runs left."""
    if cache.is_dir():
        for folder in cache.iterdir():
            if folder.name not in used:
                shutil.rmtree(folder, ignore_errors=True)
