"""A package's own predictions on a judged split, as a consumer would get them without zooming."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from heelstrike.heads.prediction import Prediction
from heelstrike.package.runtime import Package
from heelstrike.preprocess.letterbox import Letterbox
from heelstrike.preprocess.settings import InputSize
from pipeline.evaluate.judged_split import JudgedSplit
from pipeline.heads import HEADS
from pipeline.heads.error import ErrorMetric
from pipeline.heads.export import HeadExport
from pipeline.prepare.labelled import filtered_images
from pipeline.scoring.case_table import Cases

_WARM_UP = 3


class Packaged(NamedTuple):
    """A package's prediction on one image.

    Attributes:
        prediction: In pixels of the image.
        scale: Input pixels per pixel of the image, for the input at whose size errors are stated.
        seconds: Time of the prediction, without the filters.
    """

    prediction: Prediction
    scale: float
    seconds: float


def predicted(package: Package, split: JudgedSplit, size: InputSize) -> Iterator[Packaged]:
    """Yield the package's prediction on each whole image of a split, in order.

    Args:
        package: The package.
        split: The split.
        size: The input at whose size errors are stated; a package may have been trained with another.

    Raises:
        UserError: An image is missing or cannot be read.
    """
    for index, image in enumerate(filtered_images(split.images, package.manifest.filters)):
        height, width = image.image.shape[:2]
        mirrored = package.mirrors({name: str(values[index]) for name, values in split.cases.slices.items()})
        for _ in range(_WARM_UP if index == 0 else 0):
            package.predict_filtered(image.image)
        filtered, start = image.filtered, time.perf_counter()
        prediction = package.predict_filtered(filtered, mirrored)
        seconds = time.perf_counter() - start
        yield Packaged(prediction, Letterbox.fit(width, height, size).scale, seconds)


def metrics_of(prediction: Prediction) -> list[ErrorMetric]:
    """Return the error metrics of the known heads whose answers are in a prediction, the first one gated."""
    return [ErrorMetric.of(head) for head in HEADS.values() if HeadExport.of(head).answered(prediction)]


def answered(split: JudgedSplit, results: Sequence[Packaged]) -> Cases:
    """Return the split's cases with a package's answers, one result for each image."""
    predictions = [result.prediction for result in results]
    answers = {
        name: array for metric in metrics_of(predictions[0]) for name, array in metric.answers(predictions).items()
    }
    return replace(split.cases, scale=np.array([result.scale for result in results]), answers=answers)
