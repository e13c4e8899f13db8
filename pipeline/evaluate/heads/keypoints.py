"""The keypoint head's answers, and what is measured on them."""

from typing import ClassVar

import numpy as np
from jaxtyping import Float

from pipeline.evaluate import figures
from pipeline.evaluate.agreement import agreement
from pipeline.evaluate.bootstrap import estimate
from pipeline.evaluate.cases import Truth
from pipeline.evaluate.heads.base import Drawings, Groups, Head, Overlay, Scene, Statistic, ends
from pipeline.evaluate.metrics import (
    band_shares,
    distances,
    image_mse,
    image_rmse,
    keypoint_metrics,
    presence_metrics,
    share,
)
from pipeline.evaluate.pck import draw_curve, pck_metrics, relative_distances, worst
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.measure.base import Measure
from pipeline.problem import Problem


class KeypointHead(Head):
    """See `Head`.

    Args:
        truth: The split.
        keypoints: Input pixels.
        confidence: In [0, 1].
        measure: What is read off them; none: nothing.
        settings: Bands and bootstrap.
        threshold: Confidence below which a consumer takes a point for missing.
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
    ) -> None:
        self._truth, self._keypoints, self._confidence = truth, keypoints, confidence
        self._measure, self._settings, self._threshold = measure, settings, threshold
        self._found, self._original = truth.points_in_original(keypoints), truth.points_in_original(truth.keypoints)
        self._rmse = image_rmse(self._found, self._original, truth.labelled)
        self._counts = truth.labelled.sum(axis=1).astype(float)
        self._draw = (truth.subjects, settings.bootstrap, settings.seed)
        if measure is not None:
            self.measurements = [measure.measure(k, c) for k, c in zip(keypoints, confidence, strict=True)]

    def groups(self) -> Groups:
        """`keypoints` (input pixels), `keypoints_original`, `bands`, `presence`; if asked for `pck`, the measure's."""
        truth = self._truth
        groups = {
            "keypoints": self._errors(self._keypoints, truth.keypoints),
            "keypoints_original": self._errors(self._found, self._original),
            "bands": band_shares(self._rmse, self._settings.bands_px),
            "presence": presence_metrics(self._confidence, truth.visibility == 2, ~truth.labelled, self._threshold),
        }
        if (pck := self._settings.pck) is not None:
            groups["pck"] = pck_metrics(self._relative(), truth, self._settings, pck)
        return groups if self._measure is None else groups | {self._measure.group: self._measured(self._measure)}

    def _relative(self) -> dict[str, Float[np.ndarray, "N K"]]:
        distance = distances(self._found, self._original, self._truth.labelled)
        return relative_distances(
            distance, np.where(self._truth.labelled[..., None], self._original, np.nan), self._truth
        )

    def _errors(self, a: Float[np.ndarray, "N K 2"], b: Float[np.ndarray, "N K 2"]) -> dict[str, float]:
        labelled = self._truth.labelled
        rmse = estimate("rms", image_mse(a, b, labelled), *self._draw, weights=self._counts)
        return keypoint_metrics(a, b, labelled) | ends("rmse_px", rmse.interval)

    def _measured(self, measure: Measure) -> dict[str, float]:
        """Errors over all labelled quantities, refused frames included, so that refusing cannot improve them.

        `measured_share` says how many images a consumer gets numbers for: of those whose every quantity is labelled
        (`of_complete`), and of those where a label is missing (`of_incomplete`); `median_measured` is the error of only
        the images measured.
        """
        differences = measure.differences(self._keypoints, self._truth.keypoints)
        measured = np.array([m.measured for m in self.measurements])
        complete = np.isfinite(measure.values(self._truth.keypoints)).all(axis=1)
        only_measured = agreement(differences[measured], measure.unit)
        unit = measure.unit
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
        )

    def statistics(self) -> list[Statistic]:
        """See `Head`."""
        labelled, band = self._truth.labelled, self._settings.bands_px[0]
        good = np.where(np.isfinite(self._rmse), self._rmse < band, np.nan)
        inside = image_mse(self._keypoints, self._truth.keypoints, labelled)
        chosen = [
            Statistic("rmse_px", "rms", inside, self._counts),
            Statistic("rmse_original_px", "rms", image_mse(self._found, self._original, labelled), self._counts),
            Statistic(f"share_below_{band:g}px", "mean", good),
        ]
        if self._measure is not None:
            size = np.abs(self._measure.differences(self._keypoints, self._truth.keypoints))
            chosen.append(Statistic(f"{self._measure.group}_median_{self._measure.unit}", "median", size))
        return chosen

    def panels(self) -> dict[str, str]:
        """See `Head`."""
        panels = {"rmse_original_px": "RMSE (original px)"}
        if (m := self._measure) is not None:
            panels[f"{m.group}_median_{m.unit}"] = f"{m.title}: median error ({m.symbol})"
        return panels

    def columns(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """rmse_px, rmse_original_px, confidence (the lowest of the points), NAME_distance_px (original pixels).

        With PCK also pck_distance, the largest distance of a point by the diagonal of the labelled points' box.

        With a measure also its error, each quantity (`left_deg`), the true one (`left_true_deg`), and the reason where
        a consumer gets none.
        """
        labelled = self._truth.labelled
        columns = {
            "rmse_px": image_rmse(self._keypoints, self._truth.keypoints, labelled),
            self.error: self._rmse,
            "confidence": self._confidence.min(axis=1),
        }
        if self._settings.pck is not None:
            columns["pck_distance"] = worst(self._relative()["box"])
        apart = distances(self._found, self._original, labelled).T
        columns |= {f"{name}_distance_px": d for name, d in zip(names, apart, strict=True)}
        if (m := self._measure) is None:
            return columns
        columns[f"{m.group}_error_{m.unit}"] = m.errors(self._keypoints, self._truth.keypoints)
        read, true = m.values(self._keypoints), m.values(self._truth.keypoints)
        for q, name in enumerate(m.quantities):
            columns |= {f"{name}_{m.unit}": read[:, q], f"{name}_true_{m.unit}": true[:, q]}
        columns["not_measured"] = np.array([found.reason for found in self.measurements], object)
        return columns

    def overlay(self, problem: Problem) -> Overlay:
        """Points and skeleton; what is below the threshold counts as not found, as for a consumer."""
        shown = np.where(self._confidence[..., None] >= self._threshold, self._found, np.nan)
        number = problem.keypoints.index
        return Overlay(self._original, shown, [(number(a), number(b)) for a, b in problem.skeleton])

    def drawings(self, scene: Scene) -> Drawings:
        """See `Head`."""
        truth, bands, threshold = self._truth, self._settings.bands_px, self._threshold
        distance = distances(self._found, self._original, truth.labelled)
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
        if (m := self._measure) is not None:
            true, off = m.values(truth.keypoints), m.differences(self._keypoints, truth.keypoints)
            drawings["agreement"] = lambda path: figures.bland_altman(true, off, m, path)
        return drawings
