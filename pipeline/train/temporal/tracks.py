"""Successive labelled frames of videos, and windows of what a network predicts on them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from jaxtyping import Float, Int

from heelstrike.errors import UserError
from heelstrike.preprocess.windows import Slots, Track, Window, window_at
from pipeline.models.inference import predict_arrays
from pipeline.models.network import Network
from pipeline.models.temporal.predict import Windows
from pipeline.scoring.cases import Truth, load_truth
from pipeline.train.temporal.disturb import disturbed

_OUTPUTS = ("keypoints", "confidence")
_SHORTEST = 5  # frames of a run
_GAP = 2  # largest difference of frame numbers in a run, since a frame without any visible keypoint has no label


class Run(NamedTuple):
    """Successive labelled frames of one video.

    Attributes:
        subject: The subject.
        rows: Rows of the split's arrays, in the order of time.
        times: Time stamps in seconds, strictly rising.
    """

    subject: str
    rows: Int[np.ndarray, " T"]
    times: Float[np.ndarray, " T"]


@dataclass(frozen=True)
class LabelledTrack:
    """Predictions and labels of a run, in input pixels.

    Attributes:
        subject: The subject.
        track: What the network predicts for each frame.
        truth: Labelled keypoints, NaN where not labelled.
    """

    subject: str
    track: Track
    truth: Float[np.ndarray, "T K 2"]


@dataclass(frozen=True)
class Placed:
    """The frames of a track that have a window.

    Attributes:
        frames: Numbers of the frames in the track.
        made: Their windows.
        arrays: The same windows as the network reads them, and the truth.
    """

    frames: Int[np.ndarray, " N"]
    made: list[Window]
    arrays: Windows

    @classmethod
    def of(cls, labelled: LabelledTrack, slots: Slots) -> Self:
        """Make the window of each frame that has one."""
        every = [window_at(labelled.track, frame, slots) for frame in range(len(labelled.truth))]
        frames = np.array([n for n, window in enumerate(every) if window is not None], np.int64)
        made = [window for window in every if window is not None]
        count = labelled.truth.shape[1]
        points = np.array([w.points for w in made], np.float32).reshape(-1, slots.number, count, 2)
        confidence = np.array([w.confidence for w in made], np.float32).reshape(-1, slots.number, count)
        truth = np.full((len(made), count, 2), np.nan, np.float32)
        for row, (frame, window) in enumerate(zip(frames, made, strict=True)):
            truth[row, window.known] = (labelled.truth[frame, window.known] - window.centre) / window.size
        return cls(frames, made, Windows(points, confidence, truth))


def runs_of(truth: Truth) -> list[Run]:
    """Return the runs of a prepared split, ordered by video and frame."""
    index, runs = truth.index, list[Run]()
    for _, video in index[index["video"] != ""].groupby("video", sort=True):
        rows = video.sort_values("frame")
        frames, times = rows["frame"].to_numpy(), rows["time_s"].to_numpy(np.float64)
        breaks = np.flatnonzero((np.diff(frames) > _GAP) | (np.diff(frames) < 1) | ~(np.diff(times) > 0)) + 1
        for part in np.split(np.arange(len(rows)), breaks):
            if len(part) >= _SHORTEST:
                runs.append(Run(str(rows["subject"].iloc[0]), rows.index.to_numpy()[part], times[part]))
    return runs


def require_runs(folder: Path) -> None:
    """Raise an error if a prepared split has nothing for a temporal model.

    Raises:
        UserError: No video has successive labelled frames.
    """
    if not runs_of(load_truth(folder)):
        raise UserError(
            f"{folder}: no video of which {_SHORTEST} successive frames are labelled, so train.temporal has nothing to "
            "learn from; label runs of frames (of a synthetic source: frames_per_subject: 1000), or leave it out"
        )


def tracks_of(network: Network, folder: Path, seed: int | None = None) -> list[LabelledTrack]:
    """Predict on each run of a prepared split; empty if there is none.

    Args:
        network: The per-frame network, on any device.
        folder: For instance data/rearfoot/prepare/val.
        seed: Seed of disturbances; `None` for the frames as they are.

    Raises:
        UserError: A file is missing.
    """
    truth = load_truth(folder)
    return list(_predicted(network, folder, truth, runs_of(truth), seed))


def _predicted(
    network: Network, folder: Path, truth: Truth, runs: list[Run], seed: int | None
) -> Iterator[LabelledTrack]:
    images = np.load(folder / "images.npy", mmap_mode="r")
    labels = np.where(truth.labelled[..., None], truth.keypoints.astype(np.float64), np.nan)
    for number, run in enumerate(runs):
        pixels = np.array(images[run.rows])
        if seed is not None:
            pixels = disturbed(pixels, labels[run.rows], np.random.default_rng([seed, number]))
        outputs = predict_arrays(network, pixels)
        keypoints, confidence = (outputs[name].astype(np.float64) for name in _OUTPUTS)
        yield LabelledTrack(run.subject, Track(run.times, keypoints, confidence), labels[run.rows])


def with_gaps(labelled: LabelledTrack, frames: float, points: float, rng: np.random.Generator) -> LabelledTrack:
    """Return a track with runs of frames in which nothing is found, and runs in which single keypoints are missing.

    Args:
        labelled: The track.
        frames: Share of all frames in which nothing is found.
        points: Share of the keypoints of the other frames that are missing, about.
        rng: Random numbers.
    """
    track, confidence = labelled.track, labelled.track.confidence.copy()
    for run in _runs(len(confidence), frames, 3, rng):
        confidence[run] = 0
    for k in range(confidence.shape[1]):
        for run in _runs(len(confidence), points, 6, rng):
            confidence[run, k] = 0
    return LabelledTrack(labelled.subject, Track(track.times, track.keypoints, confidence), labelled.truth)


def _runs(count: int, share: float, longest: int, rng: np.random.Generator) -> Iterator[slice]:
    """Yield runs of 1 to `longest` frames at random places, which have this share of all frames together."""
    left = round(share * count)
    while left > 0:
        length = min(int(rng.integers(1, longest + 1)), left)
        start = int(rng.integers(max(count - length, 1)))
        yield slice(start, start + length)
        left -= length


def joined(placed: list[Placed]) -> Windows:
    """Join the windows of several tracks."""
    return Windows(*(np.concatenate(part) for part in zip(*(each.arrays for each in placed), strict=True)))
