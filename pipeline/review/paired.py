"""Two models on the same test images: differences with intervals, resampled by subject."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from heelstrike.measure.build import build_measure
from pipeline.heads.error import CaseErrors, ErrorMetric
from pipeline.params import ProblemParams
from pipeline.registry.examine import Examination
from pipeline.scoring.bootstrap import ClusterBootstrap, Interval, interval
from pipeline.scoring.metrics import distances

_INFINITE = 1e9  # stands for an infinite error among resampled values, which leave out what is not finite


@dataclass(frozen=True)
class Difference:
    """One score of both models.

    Attributes:
        title: What is scored: a headline, a keypoint, a value of a slice.
        unit: Text after the numbers.
        old: Score of the first model; NaN if nothing is labelled.
        new: Score of the second model.
        change: 95 % interval of new minus old, from paired resamples of subjects.
        images: Number of test images behind it.
        subjects: Number of subjects behind it.
    """

    title: str
    unit: str
    old: float
    new: float
    change: Interval
    images: int
    subjects: int

    @property
    def verdict(self) -> str:
        """`better`, `worse`, or why neither is shown: the interval contains 0, or it is of one person's images."""
        if self.subjects < 2:
            return "one person only"
        if self.change.high < 0:
            return "better"
        return "worse" if self.change.low > 0 else "no difference shown"


@dataclass(frozen=True)
class Pair:
    """Two models examined on the same N test images.

    Attributes:
        old: The first model, usually the champion.
        new: The second model, usually the challenger.
        params: The problem's section of params.yaml.
    """

    old: Examination
    new: Examination
    params: ProblemParams

    @property
    def metric(self) -> ErrorMetric:
        """The error metric of both."""
        return self.new.metric

    def headlines(self) -> list[Difference]:
        """The error over all images and, if the problem measures images, the median error of the measurement."""
        return [self._error(self.metric.title, None), *self._measurement()]

    def slices(self) -> list[Difference]:
        """The error of each value of each slice."""
        return [
            self._error(f"{name} = {value}", values == value)
            for name, values in self.new.cases.slices.items()
            for value in sorted(set(values) - {""})
        ]

    def keypoints(self) -> list[Difference]:
        """The mean distance of each keypoint, in pixels of the network's input; empty without keypoints."""
        if self._distances is None:
            return []
        old, new = self._distances
        return [
            self._mean(name, " px", old[:, index], new[:, index])
            for index, name in enumerate(self.params.problem.keypoints)
        ]

    def keypoint_changes(self, image: int) -> dict[str, float]:
        """New minus old distance of each labelled keypoint of an image, in pixels of the network's input."""
        if self._distances is None:
            return {}
        old, new = self._distances
        changes = zip(self.params.problem.keypoints, (new - old)[image].tolist(), strict=True)
        return {name: round(change, 2) for name, change in changes if np.isfinite(change)}

    @cached_property
    def _distances(self) -> tuple[Float[np.ndarray, "N K"], Float[np.ndarray, "N K"]] | None:
        """Distances of both models from the labels; NaN where nothing is labelled; `None` without keypoints."""
        if any("keypoints" not in side.cases.answers for side in (self.old, self.new)):
            return None
        cases = self.new.cases
        labelled = np.isfinite(cases.truth["keypoints"]).all(axis=2)
        old, new = (
            distances(side.cases.answers["keypoints"], cases.truth["keypoints"], labelled) * cases.scale[:, None]
            for side in (self.old, self.new)
        )
        return old, new

    def change(self) -> Float[np.ndarray, "N"]:
        """New minus old error of each image; NaN where the truth is unknown."""
        old, new = (_finite(side.errors.error) for side in (self.old, self.new))
        return new - old

    def ranked(self, count: int) -> tuple[Int[np.ndarray, "L"], Int[np.ndarray, "G"]]:
        """Indices of the images that lost most, the worst first, and of those that gained most, the best first."""
        change = self.change()
        order = np.argsort(change, kind="stable")[: int(np.isfinite(change).sum())]
        return order[change[order] > 0][::-1][:count], order[change[order] < 0][:count]

    def _error(self, title: str, mask: Bool[np.ndarray, "N"] | None) -> Difference:
        chosen = np.ones(len(self.new.cases), bool) if mask is None else mask
        draws, sides = self._draws(chosen), []
        for errors in (self.old.errors, self.new.errors):
            power = self.metric.power
            powers = _finite(errors.error[chosen]) ** power
            sides.append(draws.mean(powers, errors.weights[chosen]) ** (1 / power))
        old, new = (self._score(side.errors, chosen) for side in (self.old, self.new))
        return self._difference(title, self.metric.unit, old, new, interval(sides[1] - sides[0]), chosen)

    def _score(self, errors: CaseErrors, chosen: Bool[np.ndarray, "N"]) -> float:
        return self.metric.score_of(errors, chosen).value

    def _mean(self, title: str, unit: str, old: Float[np.ndarray, "N"], new: Float[np.ndarray, "N"]) -> Difference:
        known = np.isfinite(old) & np.isfinite(new)
        if not known.any():
            nan = float("nan")
            return self._difference(title, unit, nan, nan, Interval(nan, nan), known)
        change = interval(self._draws(known).mean((new - old)[known]))
        return self._difference(title, unit, float(old[known].mean()), float(new[known].mean()), change, known)

    def _measurement(self) -> list[Difference]:
        settings = self.params.measure
        names, threshold = self.params.problem.keypoints, self.new.cases.threshold
        measure = build_measure(settings, names, threshold) if settings is not None else None
        if measure is None:
            return []
        main = np.array(measure.units) == measure.unit
        cases = self.new.cases
        truth = np.isfinite(measure.values(cases.truth["keypoints"], cases.mm_per_px)[:, main])
        draws, sides, medians = self._draws(np.ones(len(cases), bool)), [], []
        for side in (self.old, self.new):
            error = measure.differences(side.cases.answers["keypoints"], cases.truth["keypoints"], cases.mm_per_px)
            errors = np.where(truth, _finite(np.abs(np.where(truth, error[:, main], 0))), np.nan)
            errors = np.where(truth & ~np.isfinite(error[:, main]), _INFINITE, errors)
            sides.append(draws.median(errors))
            medians.append(float(np.median(errors[truth])) if truth.any() else float("nan"))
        known = truth.any(axis=1)
        title = f"{measure.title}: median error"
        old, new = medians
        return [self._difference(title, measure.symbol, old, new, interval(sides[1] - sides[0]), known)]

    def _draws(self, chosen: Bool[np.ndarray, "N"]) -> ClusterBootstrap:
        settings = self.params.evaluate
        return ClusterBootstrap(self.new.cases.subjects[chosen], settings.bootstrap, settings.seed)

    def _difference(
        self, title: str, unit: str, old: float, new: float, change: Interval, chosen: Bool[np.ndarray, "N"]
    ) -> Difference:
        subjects = len(set(self.new.cases.subjects[chosen].tolist()))
        return Difference(title, unit, old, new, change, int(chosen.sum()), subjects)


def _finite(errors: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
    """Errors with infinite ones as twice the largest finite one, so that they count; NaN stays."""
    known = errors[np.isfinite(errors)]
    return np.where(np.isinf(errors), 2 * float(known.max()) if len(known) else _INFINITE, errors)
