"""Radii of keypoints and half-widths of measurements, fitted on the validation split."""

import math

import numpy as np
from jaxtyping import Float

from heelstrike.measure.base import Measure
from heelstrike.measure.build import build_measure
from heelstrike.measure.radii import Radii
from heelstrike.measure.uncertainty import effects
from pipeline.evaluate.conformal import (
    FLAT,
    Factors,
    Knots,
    Scored,
    confidence_helps,
    cross_fitted,
    fit_difficulty,
    pooled_factors,
)
from pipeline.evaluate.enlarged import with_growth
from pipeline.evaluate.judge import predict_split
from pipeline.heads import HEADS, heads_of
from pipeline.layout import Layout
from pipeline.models.inference import ArrayPredictions
from pipeline.models.network import Network
from pipeline.params import ProblemParams
from pipeline.problem import Problem
from pipeline.scoring.cases import Truth, load_truth
from pipeline.scoring.metrics import distances
from pipeline.splits import VAL

_KEYPOINTS, _CONFIDENCE = next(head.outputs for head in HEADS.values() if head.keypoints)


def fit_radii(network: Network, params: ProblemParams, layout: Layout) -> Radii | None:
    """Fit radii on data/P/prepare/val.

    The epoch was selected on the same split, so the network is a little better there than on new people; the test split
    shows the true coverage of the radii.

    Returns:
        The radii; `None` if the network predicts no keypoints or params ask for no coverage.

    Raises:
        UserError: A file is missing, or does not fit the others.
    """
    level = params.evaluate.coverage
    if level is None or not any(head.keypoints for head in heads_of(network.heads)):
        return None
    folder = layout.out("prepare") / VAL
    truth, predicted = load_truth(folder), predict_split(network, folder)
    radii = keypoint_radii(truth, predicted, params.problem, level)
    if params.package.zoom is not None:
        radii = with_growth(radii, network, truth, np.load(folder / "images.npy", mmap_mode="r"))
    if params.measure is None:
        return radii
    measure = build_measure(params.measure, params.problem.keypoints, params.package.confidence)
    return with_quantities(radii, truth, predicted, measure) if measure is not None else radii


def keypoint_radii(truth: Truth, predicted: ArrayPredictions, problem: Problem, level: float) -> Radii:
    """The radii of keypoints: difficulty by confidence, and a factor for each keypoint."""
    error = distances(predicted[_KEYPOINTS], truth.keypoints, truth.labelled)
    rows, columns = np.nonzero(np.isfinite(error))
    points = Scored(error[rows, columns], predicted[_CONFIDENCE][rows, columns], truth.subjects[rows], columns)
    knots, difficulty = _difficulty(points, level)
    scores = np.full(error.shape, np.nan)
    scores[rows, columns] = points.error / difficulty
    factors = pooled_factors(scores, truth.subjects, _keypoint_groups(problem), level)
    return Radii(
        level=level,
        subjects=len(set(points.subject)),
        difficulty=knots,
        factors=tuple(_plain(factors).values()),
        pooled=factors.pooled,
    )


def _difficulty(points: Scored, level: float) -> tuple[Knots, Float[np.ndarray, " M"]]:
    """Knots for new points, and the difficulty of these points.

    The difficulty is the same everywhere if the confidence does not predict the error, or if there are not two subjects
    to find that out by cross-fitting.
    """
    if len(np.unique(points.subject)) > 1:
        knots, difficulty = fit_difficulty(points, level), cross_fitted(points, level)
        if len(knots) > 1 and confidence_helps(points, difficulty, level):
            return knots, difficulty
    return FLAT, np.ones(len(points.error))


def _keypoint_groups(problem: Problem) -> dict[str, list[list[str]]]:
    """Names that may be pooled, by keypoint: itself, it and its mirror image, all keypoints."""
    partner = {a: b for pair in problem.flip_pairs for a, b in (pair, pair[::-1])}
    everything = list(problem.keypoints)
    return {
        name: [[name], *([[name, partner[name]]] if name in partner else []), everything] for name in problem.keypoints
    }


def with_quantities(radii: Radii, truth: Truth, predicted: ArrayPredictions, measure: Measure) -> Radii:
    """Add the factor of each quantity: its half-width in units of the combined effect of its keypoints' radii.

    Images that are not measured are left out, since a consumer gets no numbers for them.
    """
    points, original = truth.points_in_original(predicted[_KEYPOINTS]), truth.points_in_original(truth.keypoints)
    # if the radii have no limit, neither have the effects; such scores are left out, and nothing is promised
    size = effects(measure, points, radii.of(predicted[_CONFIDENCE], truth.letterbox[:, 0]), truth.mm_per_px)
    errors = np.abs(measure.differences(points, original, truth.mm_per_px))
    rows = zip(points, predicted[_CONFIDENCE], truth.mm_per_px.tolist(), strict=True)
    measured = np.array([measure.measure(*row).measured for row in rows])
    usable = measured[:, None] & np.isfinite(size) & (size > 0)
    scores = np.divide(errors, size, out=np.full(errors.shape, np.nan), where=usable)
    names_by_quantity = {
        name: [
            quantity
            for quantity, unit_of_quantity in zip(measure.quantities, measure.units, strict=True)
            if unit_of_quantity == unit
        ]
        for name, unit in zip(measure.quantities, measure.units, strict=True)
    }
    groups = {name: [[name]] + ([group] if group != [name] else []) for name, group in names_by_quantity.items()}
    factors = pooled_factors(scores, truth.subjects, groups, radii.level)
    return radii.model_copy(update={"quantities": _plain(factors), "pooled": radii.pooled | factors.pooled})


def _plain(factors: Factors) -> dict[str, float | None]:
    """Factors with six digits, rounded up so that rounding breaks no promise; `None` if there is no limit."""
    return {name: _up(value) if math.isfinite(value) else None for name, value in factors.values.items()}


def _up(value: float) -> float:
    digits = 5 - math.floor(math.log10(value)) if value > 0 else 0
    return float(f"{math.ceil(value * 10**digits) / 10**digits:.6g}")
