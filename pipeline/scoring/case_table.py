"""The cases of a split: each image with its truth and a model's predictions; all scores are computed from them."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from jaxtyping import Float, Shaped

from heelstrike.errors import UserError
from heelstrike.files import write_aside

CASES = "cases.npz"
"""File name, in the folder of the report."""


@dataclass(frozen=True)
class Cases:
    """N cases; coordinates are pixels of the original images.

    Attributes:
        images: Name of each image.
        subjects: Subject of each image.
        slices: Value of each case, by the slice's name.
        scale: Input pixels per pixel of the original image.
        mm_per_px: Side of a pixel in millimetres; NaN where unknown.
        exams: Name of each image's exam (`exam_names`).
        placement: Where in the patient each image lies (`placement_of`).
        truth: `keypoints` (N, K, 2), NaN where not labelled; `boxes` (N, 4) as x, y, width, height; `classes` (N,), -1
            if the image has none; `objects` (N, M, 5) as x, y, width, height, class, NaN beyond the last. Only those
            that the problem has.
        answers: Predictions by name of the output: `keypoints` (N, K, 2), `confidence` (N, K), `boxes`
            (N, 4), `probabilities` (N, C), `objects` (N, D, 6 or 7) as x, y, width, height, class, score and, if
            known, scale; score 0 beyond the last.
        threshold: Confidence below which a consumer treats a prediction as missing.
    """

    images: Shaped[np.ndarray, "N"]
    subjects: Shaped[np.ndarray, "N"]
    slices: dict[str, Shaped[np.ndarray, "N"]]
    scale: Float[np.ndarray, "N"]
    mm_per_px: Float[np.ndarray, "N"]
    exams: Shaped[np.ndarray, "N"]
    placement: Float[np.ndarray, "N 3 3"]
    truth: dict[str, Shaped[np.ndarray, "N ..."]]
    answers: dict[str, Shaped[np.ndarray, "N ..."]]
    threshold: float

    def __len__(self) -> int:
        """Number of cases."""
        return len(self.images)

    def answered(self, answers: dict[str, Shaped[np.ndarray, "N ..."]]) -> "Cases":
        """The same cases with other predictions."""
        return replace(self, answers=answers)


_ARRAYS = ("images", "subjects", "scale", "mm_per_px", "exams", "placement")
_TABLES = ("slices", "truth", "answers")


def write_cases(cases: Cases, path: Path, weights: str, split: str) -> None:
    """Write cases.npz, which contains arrays but no pickle.

    Args:
        cases: The cases to write.
        path: The file to write.
        weights: SHA-256 of the weights that made the predictions.
        split: SHA-256 of the split's COCO file.
    """
    arrays = {name: getattr(cases, name) for name in _ARRAYS}
    arrays |= {f"{table}/{name}": array for table in _TABLES for name, array in getattr(cases, table).items()}
    about = json.dumps({"weights": weights, "split": split, "threshold": cases.threshold})
    plain = {name: array.astype(str) if array.dtype == object else array for name, array in arrays.items()}
    with write_aside(path) as aside, aside.open("wb") as stream:
        np.savez_compressed(stream, about=np.array(about), **plain)


def read_cases(path: Path, weights: str | None, split: str) -> Cases | None:
    """Read the cases of a model on a split.

    Args:
        path: A cases.npz.
        weights: SHA-256 of the model's weights; `None` if they are not known.
        split: SHA-256 of the split's COCO file.

    Returns:
        The cases; `None` if there is no file, or if it belongs to other weights or another split.

    Raises:
        UserError: The file is damaged.
    """
    if weights is None or not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            about: dict[str, Any] = json.loads(str(stored["about"]))
            if (about["weights"], about["split"]) != (weights, split):
                return None
            arrays: dict[str, Any] = {name: stored[name] for name in _ARRAYS}
            for table in _TABLES:
                names = [name for name in stored.files if name.startswith(f"{table}/")]
                arrays[table] = {name.removeprefix(f"{table}/"): stored[name] for name in names}
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise UserError(f"{path}: not a readable table of cases ({error}); run the evaluate stage again") from error
    return Cases(**arrays, threshold=float(about["threshold"]))
