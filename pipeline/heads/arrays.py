"""One prepared split as training and evaluation see it, and batches of it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from heelstrike.errors import UserError
from pipeline.problem import Problem


class Batch(NamedTuple):
    """Images with their labels.

    Attributes:
        pixels: (N, H, W, C) images at the network's input size.
        keypoints: (N, K, 2) as (x, y) in input pixels; 0 where not labelled.
        visibility: (N, K), COCO's 0, 1, 2.
        boxes: (N, 4) as x, y, width, height in input pixels.
        classes: (N,) index of the class, -1 if the image has none.
        objects: (N, M, 5) x, y, width, height, class of all instances, NaN beyond the last; M is 0 unless the problem
            is multi-instance.
    """

    pixels: UInt8[Tensor, "N H W C"]
    keypoints: Float[Tensor, "N K 2"]
    visibility: UInt8[Tensor, "N K"]
    boxes: Float[Tensor, "N 4"]
    classes: Int[Tensor, " N"]
    objects: Float[Tensor, "N M 5"]


@dataclass(frozen=True)
class Arrays:
    """One prepared split; `images` stays on disk until a batch is read.

    Attributes:
        images: (N, H, W, C).
        keypoints: (N, K, 2), NaN where not labelled.
        visibility: (N, K).
        boxes: (N, 4).
        classes: (N,), -1 if the image has none; `None` if the problem has no classes.
        objects: (N, M, 5); `None` unless the problem is multi-instance.
    """

    images: UInt8[np.ndarray, "N H W C"]
    keypoints: Float[np.ndarray, "N K 2"]
    visibility: UInt8[np.ndarray, "N K"]
    boxes: Float[np.ndarray, "N 4"]
    classes: Int[np.ndarray, " N"] | None = None
    objects: Float[np.ndarray, "N M 5"] | None = None

    def __len__(self) -> int:
        return len(self.images)

    def subset(self, rows: Sequence[int]) -> "Arrays":
        """The given rows, read into memory."""
        index = np.asarray(rows)
        parts: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        chosen: dict[str, Any] = {name: None if array is None else array[index] for name, array in parts.items()}
        return Arrays(**chosen)


def array_shapes(problem: Problem) -> dict[str, tuple[int | None, ...]]:
    """The shape of one entry of each array that training needs of a prepared split; `None` means any length."""
    size, points = problem.input, len(problem.keypoints)
    shapes: dict[str, tuple[int | None, ...]] = {
        "images": (size.height, size.width, size.channels),
        "keypoints": (points, 2),
        "visibility": (points,),
        "boxes": (4,),
    }
    if problem.classes:
        shapes["classes"] = ()
    if problem.multi_instance:
        shapes["objects"] = (None, 5)
    return shapes


def load_arrays(folder: Path, problem: Problem) -> Arrays:
    """Memory-map one split of the prepare stage.

    Args:
        folder: For instance data/rearfoot/prepare/train.
        problem: The shapes must match it.

    Raises:
        UserError: An array is missing or unreadable, has another shape than the problem needs, or is empty.
    """
    loaded = {}
    for name, shape in array_shapes(problem).items():
        path = folder / f"{name}.npy"
        try:
            loaded[name] = np.load(path, mmap_mode="r" if name == "images" else None, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise UserError(f"{path}: cannot be read ({error}); run the prepare stage again") from None
        entry_shape = loaded[name].shape[1:]
        if len(entry_shape) != len(shape) or any(n not in (None, m) for n, m in zip(shape, entry_shape, strict=True)):
            actual, needed = ("x".join("any" if n is None else str(n) for n in sizes) for sizes in (entry_shape, shape))
            raise UserError(
                f"{path}: each entry is {actual}, the problem asks for {needed}; run the prepare stage again"
            )
    lengths = {name: len(array) for name, array in loaded.items()}
    if len(set(lengths.values())) > 1:
        raise UserError(f"{folder}: the arrays have different lengths {lengths}; run the prepare stage again")
    if lengths["images"] == 0:
        raise UserError(f"{folder}: there is no image in this split; add labelled data or change `split`")
    if problem.keypoints and not problem.multi_instance and not loaded["visibility"].any():
        raise UserError(f"{folder}: no keypoint is labelled in this split; add labelled data or change `split`")
    return Arrays(**loaded)
