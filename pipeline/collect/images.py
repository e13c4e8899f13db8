"""The images behind the labels, frames of videos and stills, and the facts about each."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from heelstrike.errors import UserError
from heelstrike.files import file_digest, write_aside
from heelstrike.media import is_video
from heelstrike.progress import progress
from pipeline.annotations import PLACEMENT_COLUMNS
from pipeline.collect import frames
from pipeline.collect.findings import Findings, raise_all
from pipeline.executors.spread import run_all
from pipeline.layout import Layout

_COLUMNS = ["media", "frame", "image", "place", "time_s", "width", "height", "phash", "content", "file_mm_per_px"]


def with_images(table: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Find the image of every label.

    Args:
        table: Labels with `media`, `file` and `frame` (see `one_table`).
        layout: Layout of the problem, which has the work cache.

    Returns:
        The table with image (its name, relative to the stage's output), place (see `file_of`), time_s, width, height,
        phash, content (the same for the same pixels, or for frames of the same video file), mm_per_px (from the labels
        or the source's settings, else from the image's file) and, if any file states it, the position in the patient.

    Raises:
        UserError: A video or an image cannot be read, or its video lacks a labelled frame; every one is named.
    """
    cache = layout.work("collect", "frames")
    video = table["file"].map({f: is_video(f) for f in table["file"].unique()}).astype(bool)
    errors = list[UserError]()
    parts = [
        _frames_of(table[video], cache, errors),
        _stills_of(table[~video], layout.work("collect", "stills.parquet"), cache, errors),
    ]
    raise_all(errors)
    found = [part for part in parts if len(part)]
    places = union_categoricals([part.pop("place") for part in found])
    facts = pd.concat(found, ignore_index=True).astype({"time_s": "float64", "file_mm_per_px": "float64"})
    facts["place"] = places
    joined = table.merge(facts, on=["media", "frame"], how="left", validate="many_to_one")
    spacing = joined["mm_per_px"].fillna(joined.pop("file_mm_per_px"))
    unplaced = [c for c in PLACEMENT_COLUMNS if c in joined and joined[c].isna().all()]
    joined = joined.drop(columns=unplaced if len(unplaced) == len(PLACEMENT_COLUMNS) else [])
    return joined.assign(mm_per_px=spacing)


def file_of(place: str, frame: int) -> str:
    """Return the file that holds an image.

    Args:
        place: The still, or the folder of a video's frames. Few values, so the table has them as categories.
        frame: Number of the frame; -1 for a still.
    """
    return place if frame < 0 else f"{place}/{frames.frame_file(frame)}"


def _frames_of(table: pd.DataFrame, cache: Path, errors: list[UserError]) -> pd.DataFrame:
    """Extract the labelled frames of every video."""
    once = table.drop_duplicates(["media", "frame"]).sort_values(["media", "frame"])
    media = [str(name) for name in once["media"].unique()]
    jobs = [
        frames.VideoJob(Path(rows["file"].iloc[0]), tuple(rows["frame"].tolist()))
        for _, rows in once.groupby("media", sort=True)
    ]
    if not jobs:
        return pd.DataFrame()
    with progress("extract frames", len(once)) as bar:
        outcomes = run_all(partial(frames.extract, cache=cache), jobs, bar, lambda job: len(job.frames), cache / "jobs")
    videos = list[tuple[str, frames.Extracted]]()
    for name, outcome in zip(media, outcomes, strict=True):
        if isinstance(outcome, UserError):
            source = table.loc[table["media"] == name, "source"].iloc[0]
            errors.append(UserError(f"{outcome} (labelled in {source})"))
        else:
            videos.append((name, outcome))
    counts = {name: video.frame_count for name, video in videos}
    beyond = table[table["frame"] >= table["media"].map(counts).astype("float64")]
    errors += [_beyond(str(name), rows, counts[str(name)]) for name, rows in beyond.groupby("media", sort=True)]
    return _facts_of(videos) if videos else pd.DataFrame()


def _facts_of(videos: list[tuple[str, frames.Extracted]]) -> pd.DataFrame:
    """Return a row per frame of some videos, given with the names of their media."""
    index = np.concatenate([video.index for _, video in videos])
    facts = pd.DataFrame({name: index[name] for name in ("frame", "time_s", "width", "height")})
    lengths = [len(video.index) for _, video in videos]

    def of_each(values: list[str]) -> pd.Series:
        return pd.Series(values, dtype="str").repeat(lengths).reset_index(drop=True)

    return facts.assign(
        phash=pd.Series(index["phash"].astype("U"), dtype="str"),
        media=of_each([name for name, _ in videos]),
        image=of_each([f"images/{name}/" for name, _ in videos]) + facts["frame"].map(frames.frame_file),
        place=of_each([str(video.folder) for _, video in videos]).astype("category"),
        content=of_each([video.content for _, video in videos]),
        file_mm_per_px=float("nan"),
    )[_COLUMNS]


def _beyond(media: str, labels: pd.DataFrame, count: int) -> UserError:
    findings = Findings(media)
    for row in labels.head(100).itertuples():
        findings.add(
            f"{row.source}: frame {row.frame}, but the video has {count} frames (0 to {count - 1}); correct the frame "
            f"number, or put the right video there"
        )
    findings.count = len(labels)
    return UserError(findings.text())


def _stills_of(table: pd.DataFrame, known_file: Path, cache: Path, errors: list[UserError]) -> pd.DataFrame:
    """Return the facts about every still; those of earlier runs are looked up by the file's content.

    The path of a scan is the path of its 8-bit copy in the cache.
    """
    once = table.drop_duplicates("media").sort_values("media")
    if once.empty:
        return pd.DataFrame()
    columns = ["digest", *frames.STILL_COLUMNS]
    known = pd.read_parquet(known_file) if known_file.is_file() else pd.DataFrame(columns=columns)
    if not set(columns) <= set(known.columns):  # written by an older version; all stills are read again
        known = pd.DataFrame(columns=columns)
    pairs = zip(known["digest"], known["scan"], strict=True)
    known = known[
        np.array([not scan or frames.scan_copy(digest, cache).is_file() for digest, scan in pairs], dtype=bool)
    ]
    once = once.assign(digest=[file_digest(Path(path)) for path in once["file"]])
    new = once[~once["digest"].isin(known["digest"])].drop_duplicates("digest")
    with progress("read images", len(once)) as bar:
        bar.advance(len(once) - len(new))
        files = [Path(path) for path in new["file"]]
        stills = run_all(partial(frames.read_still, cache=cache), files, bar, lambda _: 1, cache / "jobs")
    for source, still in zip(new["source"], stills, strict=True):
        if isinstance(still, UserError):
            errors.append(UserError(f"{still} (labelled in {source})"))
    pairs = zip(new["digest"], stills, strict=True)
    rows = [still.columns | {"digest": digest} for digest, still in pairs if not isinstance(still, UserError)]
    known = pd.concat([known, pd.DataFrame(rows, columns=columns)], ignore_index=True) if rows else known
    known_file.parent.mkdir(parents=True, exist_ok=True)
    with write_aside(known_file) as aside:
        known.to_parquet(aside, index=False)
    full = once.merge(known, on="digest", how="inner", validate="many_to_one")
    _say_unknown_sizes(full)
    scan = full["scan"].astype(bool)
    names = full["name"].fillna(full["media"]) if "name" in full.columns else full["media"]
    images = "images/" + names.where(~scan, names + ".png")
    clashing = full[images.duplicated(keep=False)]
    if len(clashing):
        errors.append(UserError(f"{' and '.join(clashing['media'])} would get the same name; rename one"))
    places = full["file"].where(~scan, [str(frames.scan_copy(digest, cache)) for digest in full["digest"]])
    full = full.assign(image=images, place=places.astype("category"), frame=-1, time_s=float("nan"))
    return full[[*_COLUMNS, *PLACEMENT_COLUMNS]]


def _say_unknown_sizes(stills: pd.DataFrame) -> None:
    """Print why the size of pixels is unknown although their files have numbers for it, unless the user states it."""
    unknown = stills[(stills["unknown"] != "") & stills["mm_per_px"].isna()]
    for reason, images in unknown.groupby("unknown")["media"]:
        print(
            f"collect: {reason} ({len(images)} images, such as {images.iloc[0]}); state it by `mm_per_px` or `dpi` of "
            "the source"
        )
