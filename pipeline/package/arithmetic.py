"""The choice between integers and floats: integers stay if no score of the validation split changes by much."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import onnx

from heelstrike.package.manifest import MODEL, Manifest
from heelstrike.package.quantised import Quantised
from heelstrike.package.runtime import Package
from pipeline.evaluate.judged_split import JudgedSplit
from pipeline.evaluate.packaged import answered, metrics_of, predicted
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.package.quantise import Pictures, quantised, rectified
from pipeline.scoring.bootstrap import estimate

_SHARE = 0.1  # of the 95 % interval of a score: a change that no split of this size would show
_PICTURES = 64  # for the ranges of the activations


class Choice(NamedTuple):
    """What integers change, and whether they stay."""

    quantised: Quantised
    kept: bool


class _Scored(NamedTuple):
    """A head's score, and the width of its 95 % interval over people."""

    value: float
    width: float


def choose(
    folder: Path,
    graph: onnx.ModelProto,
    write: Callable[..., Manifest],
    split: JudgedSplit,
    pictures: Pictures,
    settings: EvaluateSettings,
) -> Choice:
    """Put the graph with integers into a package, or leave the package as it is if a score changes by too much.

    Args:
        folder: The package, complete with the graph without integers.
        graph: That graph.
        write: Writes the package's manifest; it takes further fields of it.
        split: The validation split, in its original images.
        pictures: RGB images, from which the range of every activation is taken.
        settings: The bootstrap of the scores' intervals.

    Returns:
        What integers change. If the graph has nothing that they could compute, they change nothing and do not stay.
    """
    if not rectified(graph):
        return Choice(Quantised(arithmetic="int8", images=len(pictures), changes={}, allowed={}), kept=False)
    before = (folder / MODEL).read_bytes()
    floats = _scores(folder, split, settings)
    (folder / MODEL).write_bytes(quantised(graph, pictures).SerializeToString(deterministic=True))
    write()
    integers = _scores(folder, split, settings)
    changes = {name: integers[name].value - score.value for name, score in floats.items()}
    allowed = {name: _SHARE * score.width for name, score in floats.items()}
    # a score that is not finite compares as False
    kept = all(abs(changes[name]) <= allowed[name] for name in floats)
    found = Quantised(arithmetic="int8", images=len(pictures), changes=_rounded(changes), allowed=_rounded(allowed))
    if not kept:
        (folder / MODEL).write_bytes(before)
    write(quantised=found if kept else None)
    return Choice(found, kept)


def pictures_of(prepared: Path) -> Pictures:
    """Return images spread over a prepared split, as RGB images of the network's input size.

    Args:
        prepared: A split's folder of the prepare stage.
    """
    images = np.load(prepared / "images.npy", mmap_mode="r")
    rows = np.unique(np.linspace(0, len(images) - 1, min(_PICTURES, len(images))).round().astype(int))
    # the graph makes gray of three equal channels what it was
    return [np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3))) for image in images[rows]]


def _scores(folder: Path, split: JudgedSplit, settings: EvaluateSettings) -> dict[str, _Scored]:
    """Return the score of each head of a package by its name in metrics.json."""
    package = Package.load(folder, threads=1)
    results = list(predicted(package, split, package.manifest.input))
    cases = answered(split, results)
    scores = {}
    for metric in metrics_of(results[0].prediction):
        errors = metric.errors(cases)
        powers = np.where(errors.weights > 0, errors.error**metric.power, np.nan)
        reduction: Literal["rms", "mean"] = "rms" if metric.power == 2 else "mean"
        interval = estimate(
            reduction, powers, cases.subjects, settings.bootstrap, settings.seed, errors.weights
        ).interval
        scores[metric.metric] = _Scored(metric.score_of(errors).value, interval.high - interval.low)
    return scores


def _rounded(numbers: dict[str, float]) -> dict[str, float]:
    return {name: float(f"{number:.3g}") for name, number in numbers.items()}
