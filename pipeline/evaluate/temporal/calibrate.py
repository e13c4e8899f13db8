"""Radii of answers from several frames, fitted on the validation split's videos, as they are and disturbed.

A score is an error divided by the spread that the temporal model expects; `pipeline.evaluate.conformal` explains the
promise of its quantile. The promise is kept for both kinds of videos: the larger quantile counts.
"""

import math

import numpy as np
from jaxtyping import Bool, Float, Shaped

from heelstrike.measure.base import Measure
from heelstrike.measure.radii import Radii
from heelstrike.measure.uncertainty import effects
from heelstrike.package.over_time_settings import OverTime
from pipeline.evaluate.conformal import subject_quantile
from pipeline.evaluate.temporal.answers import Both, Judgeable, both_of
from pipeline.evaluate.temporal.judge import figures_of
from pipeline.models.temporal.saved import TemporalPlan

_Scored = tuple[Float[np.ndarray, " M"], Bool[np.ndarray, " M"], Shaped[np.ndarray, " M"]]


def calibrated(
    videos: dict[str, list[Judgeable]], plan: TemporalPlan, radii: Radii | None, measure: Measure | None
) -> OverTime:
    """Return the settings with factors; without limit if there are too few people, or no radii.

    Keypoints that a frame shows are corrected if that lowers error and trembling of both kinds of videos. Otherwise
    only missing keypoints are answered.

    Args:
        videos: Videos of the validation split by kind.
        plan: The temporal model.
        radii: Radii of the network frame by frame, whose level is promised; `None` without.
        measure: Measure of the keypoints, whose half-widths are fitted as well.
    """
    settings = OverTime(
        slots=plan.slots,
        step_s=plan.step_s,
        confidence=plan.confidence,
        fill=plan.fill,
        corrects=True,
        seen=None,
        filled=None,
    )
    settings = settings.model_copy(update={"corrects": _corrects(videos, settings)})
    if radii is None:
        return settings
    by_kind = {kind: _scores(each, plan) for kind, each in videos.items()}
    seen = max(subject_quantile(scores[here], people[here], radii.level) for scores, here, people in by_kind.values())
    filled = max(_pooled(by_kind, radii.level), seen)
    settings = settings.model_copy(update={"seen": _plain(seen), "filled": _plain(filled)})
    if measure is None:
        return settings
    every = [[both_of(one, settings, radii) for one in each] for each in videos.values()]
    quantities = [_quantities(each, measure, radii.level) for each in every]
    largest = {name: _plain(max(each[name] for each in quantities)) for name in measure.quantities}
    return settings.model_copy(update={"quantities": largest})


def _corrects(videos: dict[str, list[Judgeable]], settings: OverTime) -> bool:
    """Return True if correcting keypoints that the frame shows lowers error and trembling of both kinds of videos."""
    figures = [figures_of([both_of(one, settings) for one in each]) for each in videos.values() if each]
    return all(f.rmse_px < f.rmse_px_per_frame and f.jitter_px < f.jitter_px_per_frame for f in figures)


def _pooled(by_kind: dict[str, _Scored], level: float) -> float:
    """Return the quantile of the scores of keypoints that their frame does not show, which are few."""
    scores, seen, people = (np.concatenate(parts) for parts in zip(*by_kind.values(), strict=True))
    return subject_quantile(scores[~seen], people[~seen], level)


def _scores(videos: list[Judgeable], plan: TemporalPlan) -> _Scored:
    """Return the score of each labelled keypoint, whether its frame shows it, and its person."""
    scores, seen, people = list[np.ndarray](), list[np.ndarray](), list[str]()
    for video in videos:
        arrays = video.placed.arrays
        known = np.isfinite(arrays.truth).all(axis=-1)
        off = np.linalg.norm(video.places - arrays.truth, axis=-1) / video.spread
        scores.append(off[known])
        seen.append((arrays.confidence[:, plan.slots // 2] > 0)[known])
        people += [video.labelled.subject] * int(known.sum())
    return np.concatenate(scores), np.concatenate(seen), np.array(people)


def _quantities(videos: list[Both], measure: Measure, level: float) -> dict[str, float]:
    """Return the factor of each quantity on the frames that have answers from several frames."""
    scores, people = list[np.ndarray](), list[str]()
    for video in videos:
        changed = (video.several != video.own).any(axis=(1, 2))
        answered = np.isfinite(video.radius).all(axis=1) & changed
        points, truth, radius = video.several[answered], video.truth[answered], video.radius[answered]
        measured = np.array([measure.measure(one, np.ones(len(one))).measured for one in points], bool)
        points, truth, radius = points[measured], truth[measured], radius[measured]
        if len(points):
            size = effects(measure, points, radius, np.full(len(points), np.nan))
            scores.append(np.abs(measure.differences(points, truth)) / size)
            people += [video.subject] * len(points)
    table = np.concatenate(scores) if scores else np.empty((0, len(measure.quantities)))
    factors = {}
    for name, column in zip(measure.quantities, table.T, strict=True):
        known = np.isfinite(column)
        factors[name] = subject_quantile(column[known], np.array(people)[known], level)
    return factors


def _plain(factor: float) -> float | None:
    """Return a factor with four digits, rounded up; `None` if there is no limit."""
    if not math.isfinite(factor):
        return None
    digits = 3 - math.floor(math.log10(factor)) if factor > 0 else 0
    return float(f"{math.ceil(factor * 10**digits) / 10**digits:.4g}")
