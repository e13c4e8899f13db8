"""What a result says about how much each of its frames deserves a label, as arrays.

They are read from the JSON of a result once, and kept beside it as `.NAME.signals.npz`.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from heelstrike.files import write_aside
from heelstrike.serve.columns import frames_of

_BLOCK = 1000  # frames that are read at once


@dataclass(frozen=True)
class Signals:
    """Signals of the frames of one image or video.

    Attributes:
        points: Keypoints (x, y) in pixels, also of points that count as missing; NaN if there is no prediction.
        confidence: Confidence of each keypoint.
        radius: How far each keypoint may be off, pixels; inf without limit, NaN if the model has no radii.
        found: True for keypoints that count as found.
        doubted: True for frames that were not measured, or whose result is not reliable.
    """

    points: Float[np.ndarray, "T K 2"]
    confidence: Float[np.ndarray, "T K"]
    radius: Float[np.ndarray, "T K"]
    found: Bool[np.ndarray, "T K"]
    doubted: Bool[np.ndarray, " T"]


def signals_of(result: Path, keypoints: tuple[str, ...], frames: int) -> Signals:
    """Return the signals of a result.

    Args:
        result: The JSON of the result.
        keypoints: Names of the keypoints.
        frames: Number of frames.
    """
    path = result.with_name(f".{result.stem}.signals.npz")
    if not path.exists():
        with write_aside(path) as aside, aside.open("wb") as stream:
            np.savez_compressed(stream, **asdict(_read(result, keypoints, frames)))
    with np.load(path, allow_pickle=False) as arrays:
        return Signals(**arrays)


def _read(result: Path, keypoints: tuple[str, ...], frames: int) -> Signals:
    shape = (frames, len(keypoints))
    points, confidence = np.full((*shape, 2), np.nan, np.float32), np.zeros(shape, np.float32)
    radius, found = np.full(shape, np.nan, np.float32), np.zeros(shape, bool)
    doubted = np.zeros(frames, bool)
    for index, frame in enumerate(_frames(result)):
        if frame.get("keypoints") is not None:
            points[index] = [[math.nan if value is None else value for value in point] for point in frame["keypoints"]]
            confidence[index] = [value or 0.0 for value in frame["confidence"]]
            missing = set(frame["missing"] or ())
            found[index] = [name not in missing for name in keypoints]
        if frame.get("radius") is not None:
            radius[index] = [math.inf if value is None else value for value in frame["radius"]]
        measure = frame.get("measure")
        doubted[index] = (measure is not None and not measure["measured"]) or frame.get("reliable") is False
    return Signals(points, confidence, radius, found & np.isfinite(points).all(axis=2), doubted)


def _frames(result: Path) -> Iterator[dict[str, Any]]:
    first = 0
    while block := json.loads(frames_of(result, first, _BLOCK)):
        yield from block
        first += len(block)
