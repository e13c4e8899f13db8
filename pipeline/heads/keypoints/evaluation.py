"""Evaluation of the keypoint head and of the measurements on its keypoints."""

from typing import ClassVar

import numpy as np
from jaxtyping import Float

from heelstrike.measure.base import Measure, mean_over_known
from heelstrike.measure.uncertainty import with_half_widths
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.heads.evaluation import (
    Answers,
    Drawings,
    HeadEvaluation,
    Overlay,
    Promise,
    Scene,
    Scores,
    Statistic,
    ends,
    with_headlines,
)
from pipeline.heads.keypoints.coverage import BoundedErrors, bounded_errors, coverage_groups, unreliable
from pipeline.heads.keypoints.error import ERROR
from pipeline.heads.keypoints.exams import ExamScores
from pipeline.heads.keypoints.observers import observer_groups
from pipeline.heads.keypoints.oks import oks_precision
from pipeline.heads.keypoints.pck import draw_curve, pck_metrics, relative_distances, worst
from pipeline.heads.keypoints.presence import presence_group
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
    radial_metrics,
    share,
)
from pipeline.scoring.score import Groups, Score


class KeypointScores(Scores):
    """Predicted keypoints and their measurements compared with the true ones.

    Args:
        truth: The split.
        keypoints: Predicted points, input pixels.
        confidence: Confidence of each point, in [0, 1].
        measure: Measures the keypoints of an image; `None` means that nothing is measured.
        settings: Bands and bootstrap.
        threshold: Confidence below which a consumer treats a point as missing.
        promise: Promised radii, to be checked; `None` means that nothing is promised.
        sigmas: Falloff of each keypoint in OKS; `None` leaves out COCO's average precision.
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
        self._predicted, self._original = truth.points_in_original(keypoints), truth.points_in_original(truth.keypoints)
        self.cases = truth.cases({"keypoints": self._predicted, "confidence": confidence}, threshold)
        self._rmse = image_rmse(self._predicted, self._original, truth.labelled)
        self._counts = truth.labelled.sum(axis=1).astype(float)
        self._draw = (truth.subjects, settings.bootstrap, settings.seed)
        if measure is not None:
            rows = zip(self._predicted, confidence, truth.mm_per_px.tolist(), strict=True)
            self.measurements = [measure.measure(*row) for row in rows]
        self._promise = promise
        self._values: BoundedErrors | None = None
        if promise is not None:
            self._check_promise(promise)

    def _check_promise(self, promise: Promise) -> None:
        """Compare errors with the promised radii and half-widths."""
        truth, measure, radii = self._truth, self._measure, promise.radii
        radius, sizes = radii.of(self._confidence, truth.letterbox[:, 0]), truth.mm_per_px.tolist()
        self._points = BoundedErrors(radii.level, self._distance, radius)
        if measure is not None:
            rows = zip(self.measurements, self._predicted, radius, sizes, strict=True)
            self.measurements = [with_half_widths(m, measure, radii, *row) for m, *row in rows]
            self._values = bounded_errors(self.measurements, measure, self._differences(measure), radii)

    def headlines(self) -> list[Score]:
        """The RMSE, and the median error of the measurement."""
        measured = [] if self._measure is None else [error_of_images(self.cases, self._measure).score]
        return [ERROR.score(self.cases), *measured]

    def groups(self) -> Groups:
        """`keypoints` (input pixels), `keypoints_original`, `bands`, `presence`, and groups that depend on the problem.

        These are `pck`; the group of the measure; `millimetres` if pixels have a size; `observers` if several people
        labelled the same points; and the coverage of the promised radii (`radius`, `ANGLE_half_width`).
        """
        truth = self._truth
        groups = {
            "keypoints": self._errors(self._keypoints, truth.keypoints),
            "keypoints_original": self._errors(self._predicted, self._original),
            "bands": band_shares(self._rmse, self._settings.bands_px),
            "presence": presence_group(truth, self._keypoints, self._confidence, self._threshold),
        }
        if (pck := self._settings.pck) is not None:
            groups["pck"] = pck_metrics(self._relative(), truth, self._settings, pck)
        if self._sigmas is not None:
            boxes, ranks = self.cases.truth["boxes"], self._confidence.mean(axis=1)
            oks = oks_precision(self.cases.images, self._original, boxes, self._predicted, ranks, self._sigmas)
            groups["keypoints"] |= oks
        groups |= self._in_millimetres() | observer_groups(truth, self._distance) | self._coverage()
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
        return distances(self._predicted, self._original, self._truth.labelled)

    def _in_millimetres(self) -> Groups:
        size = self._truth.mm_per_px[:, None]
        distance, difference = self._distance * size, (self._predicted - self._original) * size[..., None]
        errors = radial_metrics(distance, difference, self._settings.radii_mm)
        if not errors:
            return {}
        mean = estimate("mean", mean_over_known(distance), *self._draw, weights=np.isfinite(distance).sum(axis=1) * 1.0)
        return {"millimetres": errors | ends("mean_radial_error_mm", mean.interval)}

    def _coverage(self) -> Groups:
        """The groups of `coverage_groups`; with limits in params also `unreliable_share`, of images."""
        if (promise := self._promise) is None:
            return {}
        truth = self._truth
        groups = coverage_groups(
            self._points, self._values, promise, self._measure, truth.mm_per_px, truth.subjects, self._settings
        )
        if promise.max_radius_px is not None or promise.max_uncertainty is not None:
            accepted = self._confidence >= self._threshold
            doubted = unreliable(promise, self._points.limits, accepted, self.measurements)
            groups["radius"]["unreliable_share"] = share(doubted)
        return groups

    def _differences(self, measure: Measure) -> Float[np.ndarray, "N Q"]:
        return measure.differences(self._predicted, self._original, self._truth.mm_per_px)

    def _measured(self, measure: Measure) -> dict[str, float]:
        """Errors over all labelled quantities, refused images included, so that refusing cannot improve them.

        `measured_share` is the share of images that a consumer gets numbers for, also of the images in which every
        quantity is labelled (`of_complete`) and of the others (`of_incomplete`); `median_measured` is the error over
        the measured images only.
        """
        everything, unit = self._differences(measure), measure.unit
        columns_by_unit = {name: np.array(measure.units) == name for name in dict.fromkeys(measure.units)}
        differences = everything[:, columns_by_unit[unit]]
        measured = np.array([m.measured for m in self.measurements])
        truth = measure.values(self._original, self._truth.mm_per_px)
        complete = np.isfinite(truth[:, columns_by_unit[unit]]).all(axis=1)
        other_units = [
            agreement(everything[:, columns], name) for name, columns in columns_by_unit.items() if name != unit
        ]
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
            | {name: value for group in other_units for name, value in group.items()}
        )

    def published(self) -> Groups:
        """`image_rmse_px`: the mean over images of each one's RMSE, input pixels."""
        rmse = image_rmse(self._keypoints, self._truth.keypoints, self._truth.labelled)
        return {"keypoints": {"image_rmse_px": float(np.nanmean(rmse))}}

    def statistics(self) -> list[Statistic]:
        """RMSE, share of images below the first band, error of the measure, coverage of the radii."""
        labelled, band = self._truth.labelled, self._settings.bands_px[0]
        good = np.where(np.isfinite(self._rmse), self._rmse < band, np.nan)
        inside = image_mse(self._keypoints, self._truth.keypoints, labelled)
        statistics = [
            Statistic("rmse_px", "rms", inside, self._counts),
            Statistic("rmse_original_px", "rms", image_mse(self._predicted, self._original, labelled), self._counts),
            Statistic(f"share_below_{band:g}px", "mean", good),
        ]
        if self._measure is not None:
            main = np.array(self._measure.units) == self._measure.unit
            size = np.abs(self._differences(self._measure)[:, main])
            statistics.append(Statistic(f"{self._measure.group}_median_{self._measure.unit}", "median", size))
        if self._promise is not None:
            statistics.append(Statistic("radius_coverage", "mean", self._points.inside))
        return statistics

    def panels(self) -> dict[str, str]:
        """RMSE in original pixels, and the median error of the measure."""
        panels = {"rmse_original_px": "RMSE (original px)"}
        if (m := self._measure) is not None:
            panels[f"{m.group}_median_{m.unit}"] = f"{m.title}: median error ({m.symbol})"
        return panels

    def columns(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """rmse_px, rmse_original_px, confidence (the lowest of the points), NAME_distance_px (original pixels).

        With PCK also pck_distance, the largest distance of a point in units of the diagonal of the labelled points'
        box. If pixels have a size also radial_error_mm, the mean over the points. With a measure also its error, each
        quantity (`left_deg`), its true value (`left_true_deg`), and the reason if it was not measured. With radii also
        NAME_radius_px and, for each quantity, `left_half_width_deg`.
        """
        labelled = self._truth.labelled
        columns = {
            "rmse_px": image_rmse(self._keypoints, self._truth.keypoints, labelled),
            self.error: self._rmse,
            "confidence": self._confidence.min(axis=1),
        }
        if self._settings.pck is not None:
            columns["pck_distance"] = worst(self._relative()["box"])
        distances_by_point = self._distance.T
        columns |= {f"{name}_distance_px": d for name, d in zip(names, distances_by_point, strict=True)}
        size = self._truth.mm_per_px
        if np.isfinite(size).any():
            columns["radial_error_mm"] = mean_over_known(self._distance * size[:, None])
        if self._promise is not None:
            columns |= {f"{name}_radius_px": r for name, r in zip(names, self._points.limits.T, strict=True)}
        if (m := self._measure) is None:
            return columns
        columns[f"{m.group}_error_{m.unit}"] = m.errors(self._predicted, self._original, size)
        predicted, true = m.values(self._predicted, size), m.values(self._original, size)
        for q, (name, unit) in enumerate(zip(m.quantities, m.units, strict=True)):
            columns |= {f"{name}_{unit}": predicted[:, q], f"{name}_true_{unit}": true[:, q]}
        if self._values is not None:
            limits = zip(m.quantities, m.units, self._values.limits.T, strict=True)
            columns |= {f"{name}_half_width_{unit}": size for name, unit, size in limits}
        columns["not_measured"] = np.array([measurement.reason for measurement in self.measurements], object)
        return columns

    def overlay(self, problem: Problem) -> Overlay:
        """Points and skeleton; points below the threshold are missing, as for a consumer."""
        visible = np.where(self._confidence[..., None] >= self._threshold, self._predicted, np.nan)
        number = problem.keypoints.index
        return Overlay(self._original, visible, [(number(a), number(b)) for a, b in problem.skeleton])

    def drawings(self, scene: Scene) -> Drawings:
        """Figures of errors, keypoints and confidence; of PCK, radii and agreement if there are any."""
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
            points, values = (self._points, scene.problem.keypoints), (self._values, self._measure)
            drawings["radius"] = lambda path: draw_radii(points, values, truth.subjects, self._settings, path)
        if (m := self._measure) is not None:
            true, differences = m.values(self._original, truth.mm_per_px), self._differences(m)
            drawings["agreement"] = lambda path: figures.bland_altman(true, differences, m, path)
        return drawings


class KeypointEvaluation(HeadEvaluation):
    """Evaluates `keypoints`, `confidence` and the measurements of images and exams."""

    def scores(self, answers: Answers) -> list[Scores]:
        """The scores of the keypoints and, if exams are measured, those of the exams."""
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
