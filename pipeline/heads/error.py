"""The error metric of a head, which gates compare packages by, and the test set that it is computed on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from heelstrike.heads.prediction import Prediction
from pipeline.heads.head import Facet
from pipeline.prepare.labelled import Labelled


@dataclass(frozen=True)
class TestSet:
    """The current test split: N labelled instances in their original images, or N images with all their instances.

    Attributes:
        images: Where the image of each is.
        keypoints: Truth, (N, K, 2), pixels of the original image; anything where not labelled.
        labelled: (N, K).
        boxes: Truth, (N, 4) as x, y, width, height; NaN where there is none.
        classes: Truth, number of the class.
        objects: Truth, x, y, width, height and class of all instances of the image.
        subjects: Length N.
        mm_per_px: Side of each image's pixel in millimetres; NaN where unknown.
        slices: Slice name to its value for each instance.
        digest: Of the split's file.
        exams: What each is measured together with, see `exam_names`.
        placement: Where in the patient each image lies, see `placement_of`.
    """

    images: tuple[Labelled, ...]
    keypoints: Float[np.ndarray, "N K 2"]
    labelled: Bool[np.ndarray, "N K"]
    boxes: Float[np.ndarray, "N 4"]
    classes: Int[np.ndarray, " N"]
    objects: tuple[Float[np.ndarray, "M 5"], ...]
    subjects: tuple[str, ...]
    mm_per_px: Float[np.ndarray, " N"]
    slices: dict[str, tuple[str, ...]]
    digest: str
    exams: tuple[str, ...]
    placement: Float[np.ndarray, "N 3 3"]


class Found(NamedTuple):
    """What a package said about each image of a test set.

    Attributes:
        predictions: In the images' own pixels.
        scales: Input pixels per image pixel.
        threshold: Confidence below which a consumer takes something for not found.
    """

    predictions: list[Prediction]
    scales: Float[np.ndarray, " N"]
    threshold: float


class Errors(NamedTuple):
    """One error for each entry of a test set.

    Attributes:
        error: Inf where the package answered with something that is no number.
        weights: Of each in the overall error; 0: not scored.
        broken: Where an answer is no number.
    """

    error: Float[np.ndarray, " N"]
    weights: Float[np.ndarray, " N"]
    broken: Bool[np.ndarray, " N"]


@dataclass(frozen=True)
class ErrorMetric(Facet):
    """What a package's error is.

    Attributes:
        title: For a person.
        unit: Of the error.
        key: What the overall error is called among a gate's numbers.
        power: The overall error is the weighted power mean of the entries' errors: 2 for RMSE, 1 for a mean.
        errors: How it is computed.
    """

    modules = "pipeline.heads.*.error"

    title: str
    unit: str
    key: str
    power: int
    errors: Callable[[Found, TestSet], Errors]
