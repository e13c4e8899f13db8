"""Write a generator's frames as video files and labels.csv, one subject at a time, on several workers, resumable."""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from heelstrike.files import file_digest, json_digest, write_aside, write_json
from heelstrike.progress import progress
from heelstrike.video import writer
from heelstrike.video.writer import Codec, VideoWriter
from pipeline.executors.spread import run_all
from pipeline.synthetic import rearfoot
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.settings import SyntheticSource
from pipeline.synthetic.variety import varied

Frames = Iterator[tuple[UInt8[np.ndarray, "H W 3"], Float[np.ndarray, "K 2"]]]


@dataclass(frozen=True)
class Clip:
    """One subject's video before it is written.

    Attributes:
        name: Name of the subject, and of the video file without suffix.
        slices: Values of the evaluation slices that all frames share.
        fps: Frames per second.
        count: Number of frames.
        quality: Constant rate factor of the encoder.
        codec: Video codec.
        frames: RGB frames with their keypoints in pixels (K, 2), NaN where a labeller would leave a keypoint out.
    """

    name: str
    slices: dict[str, str]
    fps: int
    count: int
    quality: int
    codec: Codec
    frames: Frames


@dataclass(frozen=True)
class Generator:
    """A source of clips.

    Attributes:
        keypoints: Names of its keypoints.
        clip: Makes the clip of (settings, index).
        slices: Returns the evaluation slices of a frame by its points (K, 2) and its height in pixels.
    """

    keypoints: tuple[str, ...]
    clip: Callable[[SyntheticSource, int], Clip]
    slices: Callable[[Float[np.ndarray, "K 2"], int], dict[str, str]]


def _rearfoot_clip(settings: SyntheticSource, index: int) -> Clip:
    subject, variety = varied(settings, index, make_subject(settings, index))
    codec: Codec = "hevc" if variety.hevc else "h264"
    frames = rearfoot.render(subject)
    return Clip(subject.name, subject.slices, subject.fps, subject.frames, subject.quality, codec, frames)


GENERATORS: dict[str, Generator] = {"rearfoot": Generator(rearfoot.KEYPOINTS, _rearfoot_clip, rearfoot.slices_of)}


def generate(settings: SyntheticSource, folder: Path) -> Path:
    """Render the source's videos into `folder`/videos and write `folder`/labels.csv.

    A video that an earlier run finished with the same settings is kept: after a kill, or with more `subjects`, only
    the missing videos are rendered. A frame without any visible keypoint gets no row, as a labeller would have nothing
    to click on.

    Args:
        settings: Settings of the source.
        folder: Folder to write to; it is kept across runs.

    Returns:
        Path of labels.csv. Its columns are video (relative to `folder`), frame, subject, NAME_x and NAME_y for each
        keypoint (empty where it is not visible), then the slices.
    """
    digest = _digest(settings)
    missing = [i for i in range(settings.subjects) if _finished(_part(folder, i), digest) is None]
    if missing:
        _render_all(settings, folder, missing, digest)
    parts = [_finished(_part(folder, i), digest) for i in range(settings.subjects)]
    rows = [row for part in parts if part is not None for row in part["rows"]]
    points = [f"{name}_{axis}" for name in GENERATORS[settings.generator].keypoints for axis in "xy"]
    fixed = ["video", "frame", "subject", *points]
    slices = sorted({column for row in rows for column in row} - set(fixed))
    labels = folder / "labels.csv"
    with write_aside(labels) as aside, aside.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=[*fixed, *slices], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return labels


def _render_all(settings: SyntheticSource, folder: Path, missing: list[int], digest: str) -> None:
    render = partial(_render_one, settings, folder, digest)
    with progress("render videos", len(missing)) as bar:
        for error in run_all(render, missing, bar, lambda _: 1, folder / "jobs", at_least=2):
            if error is not None:
                raise error


def _render_one(settings: SyntheticSource, folder: Path, digest: str, index: int) -> None:
    """Render one subject's video. Its part file is written last and marks the video as complete."""
    generator = GENERATORS[settings.generator]
    clip = generator.clip(settings, index)
    labelled = set(np.linspace(0, clip.count - 1, min(settings.frames_per_subject, clip.count)).round().astype(int))
    rows = []
    video = f"videos/{clip.name}.mp4"
    with VideoWriter(folder / video, clip.fps, clip.quality, "superfast", codec=clip.codec) as out:
        for number, (frame, xy) in enumerate(clip.frames):
            out.add(frame)
            if number in labelled and np.isfinite(xy).any():
                points = {
                    f"{name}_{axis}": "" if np.isnan(value) else f"{value:.3f}"
                    for name, point in zip(generator.keypoints, xy, strict=True)
                    for axis, value in zip("xy", point, strict=True)
                }
                slices = clip.slices | generator.slices(xy, frame.shape[0])
                rows.append({"video": video, "frame": number, "subject": clip.name} | points | slices)
    write_json(_part(folder, index), {"digest": digest, "video": video, "rows": rows})


def _part(folder: Path, index: int) -> Path:
    return folder / "parts" / f"{index:06d}.json"


def _finished(part: Path, digest: str) -> dict[str, Any] | None:
    """Return the content of a finished subject's part file; `None` if missing or made by other settings or code."""
    try:
        content: dict[str, Any] = json.loads(part.read_text())
    except (OSError, ValueError):
        return None
    complete = content.get("digest") == digest and (part.parent.parent / content["video"]).is_file()
    return content if complete else None


def _digest(settings: SyntheticSource) -> str:
    """Digest of everything a subject's files depend on: the settings without the number of subjects, and this code."""
    return json_digest([settings.model_dump(exclude={"subjects"}), _code_digest()])


@cache
def _code_digest() -> str:
    """Digest of the code that renders."""
    here = Path(__file__).resolve().parent
    files = sorted([*here.glob("*.py"), Path(writer.__file__)])
    return json_digest([file_digest(file) for file in files])
