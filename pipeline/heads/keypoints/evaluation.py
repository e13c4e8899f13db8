"""The keypoint head's answers, and what is measured on them."""

from typing import ClassVar

import numpy as np
from jaxtyping import Float

from heelstrike.measure.base import Measure, mean_over_known
from heelstrike.measure.uncertainty import with_half_widths
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.heads.evaluation import (
    Answers,
    Drawings,
    Groups,
    HeadEvaluation,
    Overlay,
    Promise,
    Scene,
    Scores,
    Statistic,
    ends,
    with_headlines,
)
from pipeline.heads.keypoints.coverage import Kept, coverage_groups, kept_values, unreliable
from pipeline.heads.keypoints.error import ERROR
from pipeline.heads.keypoints.exams import ExamScores
from pipeline.heads.keypoints.oks import oks_precision
from pipeline.heads.keypoints.pck import draw_curve, pck_metrics, relative_distances, worst
from pipeline.heads.keypoints.radius_figure import draw_radii
from pipeline.problem import Problem
from pipeline.scoring import figures
from pipeline.scoring.agreement import agreement
from pipeline.scoring.bootstrap import estimate
from pipeline.scoring.cases import Truth
from pipeline.scoring.measurement import error_of_images
from pipeline.scoring.metrics import (
    band_shares,
    distances,
    image_mse,
    image_rmse,
    keypoint_metrics,
    presence_metrics,
    radial_metrics,
    share,
)
from pipeline.scoring.score import Score


class KeypointScores(Scores):
    """See `Scores`.

    Args:
        truth: The split.
        keypoints: Input pixels.
        confidence: In [0, 1].
        measure: What is read off them; none: nothing.
        settings: Bands and bootstrap.
        threshold: Confidence below which a consumer takes a point for missing.
        promise: How far keypoints may be off, to be checked; none: nothing is said of it.
        sigmas: Falloff of each keypoint in OKS; None: COCO's average precision is left out.
    """

    error: ClassVar[str] = "rmse_original_px"
    history: ClassVar[str] = "val_rmse_px"

    def __init__(
        self,
        truth: Truth,
        keypoints: Float[np.ndarray, "N K 2"],
        confidence: Float[np.ndarray, "N K"],
        measure: Measure | None,
        settings: EvaluateSettings,
        threshold: float,
        promise: Promise | None = None,
        sigmas: list[float] | None = None,
    ) -> None:
        self._sigmas = sigmas
        self._truth, self._keypoints, self._confidence = truth, keypoints, confidence
        self._measure, self._settings, self._threshold = measure, settings, threshold
        self._found, self._original = truth.points_in_original(keypoints), truth.points_in_original(truth.keypoints)
        self.cases = truth.cases({"keypoints": self._found, "confidence": confidence}, threshold)
        self._rmse = image_rmse(self._found, self._original, truth.labelled)
        self._counts = truth.labelled.sum(axis=1).astype(float)
        self._draw = (truth.subjects, settings.bootstrap, settings.seed)
        if measure is not None:
            rows = zip(self._found, confidence, truth.mm_per_px.tolist(), strict=True)
            self.measurements = [measure.measure(*row) for row in rows]
        self._promise = promise
        self._values: Kept | None = None
        if promise is not None:
            self._keep(promise)

    def _keep(self, promise: Promise) -> None:
        """Hold errors against what is promised of them."""
        truth, measure, radii = self._truth, self._measure, promise.radii
        radius, sizes = radii.of(self._confidence, truth.letterbox[:, 0]), truth.mm_per_px.tolist()
        self._points = Kept(radii.level, self._distance, radius)
        if measure is not None:
            rows = zip(self.measurements, self._found, radius, sizes, strict=True)
            self.measurements = [with_half_widths(m, measure, radii, *row) for m, *row in rows]
            self._values = kept_values(self.measurements, measure, self._differences(measure), radii)

    def headlines(self) -> list[Score]:
        """RMSE, and the median error of what is measured."""
        measured = [] if self._measure is None else [error_of_images(self.cases, self._measure).score]
        return [ERROR.score(self.cases), *measured]

    def groups(self) -> Groups:
        """`keypoints` (input pixels), `keypoints_original`, `bands`, `presence`; if asked for `pck`, the measure's.

        Also `millimetres` where pixels have a size, `observers` where several people labelled the same points, and
        whether radii keep their promise (`radius`, `ANGLE_half_width`) where there is one.
        """
        truth = self._truth
        groups = {
            "keypoints": self._errors(self._keypoints, truth.keypoints),
            "keypoints_original": self._errors(self._found, self._original),
            "bands": band_shares(self._rmse, self._settings.bands_px),
            "presence": presence_metrics(self._confidence, truth.visibility == 2, ~truth.labelled, self._threshold),
        }
        if (pck := self._settings.pck) is not None:
            groups["pck"] = pck_metrics(self._relative(), truth, self._settings, pck)
        if self._sigmas is not None:
            boxes, sure = self.cases.truth["boxes"], self._confidence.mean(axis=1)
            oks = oks_precision(self.cases.images, self._original, boxes, self._found, sure, self._sigmas)
            groups["keypoints"] |= oks
        groups |= self._in_millimetres() | self._observers() | self._coverage()
        if self._measure is not None:
            groups[self._measure.group] = self._measured(self._measure)
        return with_headlines(groups, self.headlines())

    def _relative(self) -> dict[str, Float[np.ndarray, "N K"]]:
        points = np.where(self._truth.labelled[..., None], self._original, np.nan)
        return relative_distances(self._distance, points, self._truth)

    def _errors(self, a: Float[np.ndarray, "N K 2"], b: Float[np.ndarray, "N K 2"]) -> dict[str, float]:
        labelled = self._truth.labelled
        rmse = estimate("rms", image_mse(a, b, labelled), *self._draw, weights=self._counts)
        return keypoint_metrics(a, b, labelled) | ends("rmse_px", rmse.interval)

    @property
    def _distance(self) -> Float[np.ndarray, "N K"]:
        return distances(self._found, self._original, self._truth.labelled)

    def _in_millimetres(self) -> Groups:
        size = self._truth.mm_per_px[:, None]
        distance, difference = self._distance * size, (self._found - self._original) * size[..., None]
        found = radial_metrics(distance, difference, self._settings.radii_mm)
        if not found:
            return {}
        mean = estimate("mean", mean_over_known(distance), *self._draw, weights=np.isfinite(distance).sum(axis=1) * 1.0)
        return {"millimetres": found | ends("mean_radial_error_mm", mean.interval)}

    def _observers(self) -> Groups:
        """How far people are apart on the points that several labelled, and how far the model is from the label there.

        `model_to_observers` below 1 says that the model is nearer to the label than one person is to another.
        """
        if self._truth.observers is None:
            return {}
        people = np.where(self._truth.labelled, self._truth.observers, np.nan)
        model = np.where(np.isfinite(people), self._distance, np.nan)
        size = self._truth.mm_per_px[:, None]
        pairs = {"px": (people, model), "mm": (people * size, model * size)}
        found: dict[str, float] = {}
        for unit, (apart, off) in pairs.items():
            if np.isfinite(apart).any():
                found |= {
                    f"mean_distance_{unit}": float(np.nanmean(apart)),
                    f"median_distance_{unit}": float(np.nanmedian(apart)),
                    f"model_mean_distance_{unit}": float(np.nanmean(off)),
                    f"model_median_distance_{unit}": float(np.nanmedian(off)),
                }
        if not found:
            return {}
        found["model_to_observers"] = found["model_mean_distance_px"] / found["mean_distance_px"]
        return {"observers": found | {"points": int(np.isfinite(people).sum())}}

    def _coverage(self) -> Groups:
        """See `coverage_groups`; with limits in params also `unreliable_share`, of images."""
        if (promise := self._promise) is None:
            return {}
        truth = self._truth
        groups = coverage_groups(
            self._points, self._values, promise, self._measure, truth.mm_per_px, truth.subjects, self._settings
        )
        if promise.max_radius_px is not None or promise.max_uncertainty is not None:
            sure = self._confidence >= self._threshold
            doubted = unreliable(promise, self._points.limit, sure, self.measurements)
            groups["radius"]["unreliable_share"] = share(doubted)
        return groups

    def _differences(self, measure: Measure) -> Float[np.ndarray, "N Q"]:
        return measure.differences(self._found, self._original, self._truth.mm_per_px)

    def _measured(self, measure: Measure) -> dict[str, float]:
        """Errors over all labelled quantities, refused frames included, so that refusing cannot improve them.

        `measured_share` says how many images a consumer gets numbers for: of those whose every quantity is labelled
        (`of_complete`), and of those where a label is missing (`of_incomplete`); `median_measured` is the error of only
        the images measured.
        """
        everything, unit = self._differences(measure), measure.unit
        of_unit = {other: np.array(measure.units) == other for other in dict.fromkeys(measure.units)}
        differences = everything[:, of_unit[unit]]
        measured = np.array([m.measured for m in self.measurements])
        truth = measure.values(self._original, self._truth.mm_per_px)
        complete = np.isfinite(truth[:, of_unit[unit]]).all(axis=1)
        others = [agreement(everything[:, which], other) for other, which in of_unit.items() if other != unit]
        only_measured = agreement(differences[measured], measure.unit)
        return (
            agreement(differences, unit)
            | ends(f"median_{unit}", estimate("median", np.abs(differences), *self._draw).interval)
            | ends(f"bias_{unit}", estimate("mean", differences, *self._draw).interval)
            | {
                f"median_measured_{unit}": only_measured[f"median_{unit}"],
                f"p95_measured_{unit}": only_measured[f"p95_{unit}"],
                "measured_share": float(measured.mean()),
                "measured_share_of_complete": share(measured[complete]),
                "measured_share_of_incomplete": share(measured[~complete]),
                "pairs": int(np.isfinite(differences).sum()),
            }
            | {name: value for group in others for name, value in group.items()}
        )

    def published(self) -> Groups:
        """`image_rmse_px`: the mean over images of each one's RMSE, input pixels."""
        rmse = image_rmse(self._keypoints, self._truth.keypoints, self._truth.labelled)
        return {"keypoints": {"image_rmse_px": float(np.nanmean(rmse))}}

    def statistics(self) -> list[Statistic]:
        """See `Scores`."""
        labelled, band = self._truth.labelled, self._settings.bands_px[0]
        good = np.where(np.isfinite(self._rmse), self._rmse < band, np.nan)
        inside = image_mse(self._keypoints, self._truth.keypoints, labelled)
        chosen = [
            Statistic("rmse_px", "rms", inside, self._counts),
            Statistic("rmse_original_px", "rms", image_mse(self._found, self._original, labelled), self._counts),
            Statistic(f"share_below_{band:g}px", "mean", good),
        ]
        if self._measure is not None:
            main = np.array(self._measure.units) == self._measure.unit
            size = np.abs(self._differences(self._measure)[:, main])
            chosen.append(Statistic(f"{self._measure.group}_median_{self._measure.unit}", "median", size))
        if self._promise is not None:
            chosen.append(Statistic("radius_coverage", "mean", self._points.inside))
        return chosen

    def panels(self) -> dict[str, str]:
        """See `Scores`."""
        panels = {"rmse_original_px": "RMSE (original px)"}
        if (m := self._measure) is not None:
            panels[f"{m.group}_median_{m.unit}"] = f"{m.title}: median error ({m.symbol})"
        return panels

    def columns(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """rmse_px, rmse_original_px, confidence (the lowest of the points), NAME_distance_px (original pixels).

        With PCK also pck_distance, the largest distance of a point by the diagonal of the labelled points' box. Where
        pixels have a size also radial_error_mm, the mean over the points.
        With a measure also its error, each quantity (`left_deg`), the true one (`left_true_deg`), and the reason where
        a consumer gets none. With radii also NAME_radius_px and, of each quantity, `left_half_width_deg`.
        """
        labelled = self._truth.labelled
        columns = {
            "rmse_px": image_rmse(self._keypoints, self._truth.keypoints, labelled),
            self.error: self._rmse,
            "confidence": self._confidence.min(axis=1),
        }
        if self._settings.pck is not None:
            columns["pck_distance"] = worst(self._relative()["box"])
        apart = self._distance.T
        columns |= {f"{name}_distance_px": d for name, d in zip(names, apart, strict=True)}
        size = self._truth.mm_per_px
        if np.isfinite(size).any():
            columns["radial_error_mm"] = mean_over_known(self._distance * size[:, None])
        if self._promise is not None:
            columns |= {f"{name}_radius_px": r for name, r in zip(names, self._points.limit.T, strict=True)}
        if (m := self._measure) is None:
            return columns
        columns[f"{m.group}_error_{m.unit}"] = m.errors(self._found, self._original, size)
        read, true = m.values(self._found, size), m.values(self._original, size)
        for q, (name, unit) in enumerate(zip(m.quantities, m.units, strict=True)):
            columns |= {f"{name}_{unit}": read[:, q], f"{name}_true_{unit}": true[:, q]}
        if self._values is not None:
            limits = zip(m.quantities, m.units, self._values.limit.T, strict=True)
            columns |= {f"{name}_half_width_{unit}": size for name, unit, size in limits}
        columns["not_measured"] = np.array([found.reason for found in self.measurements], object)
        return columns

    def overlay(self, problem: Problem) -> Overlay:
        """Points and skeleton; what is below the threshold counts as not found, as for a consumer."""
        shown = np.where(self._confidence[..., None] >= self._threshold, self._found, np.nan)
        number = problem.keypoints.index
        return Overlay(self._original, shown, [(number(a), number(b)) for a, b in problem.skeleton])

    def drawings(self, scene: Scene) -> Drawings:
        """See `Scores`."""
        truth, bands, threshold = self._truth, self._settings.bands_px, self._threshold
        distance = self._distance
        drawings: Drawings = {
            "error_cdf": lambda path: figures.error_cdf(distance, self._rmse, bands, path),
            "keypoints": lambda path: figures.keypoint_errors(distance, scene.problem.keypoints, path),
            "confidence": lambda path: figures.confidence(
                self._confidence, distance, truth.visibility == 2, ~truth.labelled, threshold, path
            ),
        }
        if (pck := self._settings.pck) is not None:
            relative = self._relative()
            drawings["pck"] = lambda path: draw_curve(relative, scene.problem.keypoints, pck, path)
        if self._promise is not None:
            kept, values = (self._points, scene.problem.keypoints), (self._values, self._measure)
            drawings["radius"] = lambda path: draw_radii(kept, values, truth.subjects, self._settings, path)
        if (m := self._measure) is not None:
            true, off = m.values(self._original, truth.mm_per_px), self._differences(m)
            drawings["agreement"] = lambda path: figures.bland_altman(true, off, m, path)
        return drawings


class KeypointEvaluation(HeadEvaluation):
    """Keypoints, and what is measured on them: of each image, of each exam."""

    def scores(self, answers: Answers) -> list[Scores]:
        """See `HeadEvaluation`."""
        truth, settings, threshold = answers.truth, answers.settings, answers.threshold
        keypoints, confidence = answers.predictions["keypoints"], answers.predictions["confidence"]
        scores: list[Scores] = [
            KeypointScores(
                truth,
                keypoints,
                confidence,
                answers.measure,
                settings,
                threshold,
                answers.promise,
                answers.problem.sigma_list,
            )
        ]
        if answers.exam_measure is not None:
            scores.append(ExamScores(truth, keypoints, confidence, answers.exam_measure, settings))
        return scores


EVALUATION = KeypointEvaluation()
