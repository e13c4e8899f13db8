"""What the report says about keypoints."""

from heelstrike.measure.base import Measure
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.heads.keypoints import exam_words as exams
from pipeline.heads.keypoints import measure_words as measured
from pipeline.heads.keypoints import presence_words as presence
from pipeline.heads.keypoints import radius_words as radius
from pipeline.heads.keypoints.pck import SIZES, hundredths
from pipeline.heads.words import EvaluationResults, HeadWords, Section
from pipeline.problem import Problem
from pipeline.scoring.format import number, share, span
from pipeline.scoring.score import Groups

CAPTIONS = {
    "error_cdf": "The further left a curve, the better. Where the curve of images lies far right of that of points, "
    "single points spoil an image.",
    "keypoints": "A keypoint with a long tail is sometimes confused with something else; one with a high median is "
    "placed inconsistently, by the model or by the labels.",
    "pck": "Dashed: the thresholds. A curve that stays flat below 100 % means that points are found in a wrong place, "
    "not that they are found inexactly.",
    "failures": "The images with the largest error of a point, in units of the diagonal of the labelled points' box.",
    "confidence": presence.CAPTION,
}


def verdict(metrics: Groups, measure: Measure | None) -> str:
    """Errors of the points and of the measurement."""
    original, inside = metrics["keypoints_original"], metrics["keypoints"]
    text = (
        f"Half of all points are within {number(original['median_distance_px'])} pixels of their label in the original "
        f"image, 95 % within {number(original['p95_distance_px'])}; the RMSE at the network's input size is "
        f"{number(inside['rmse_px'])} px ({span(inside['rmse_px_low'], inside['rmse_px_high'])})."
    )
    return text if measure is None else f"{text} {measured.verdict(metrics, measure)}"


def rows(metrics: Groups, problem: Problem, settings: EvaluateSettings, measure: Measure | None) -> list[list[str]]:
    """Rows for errors in pixels and millimetres, bands, PCK, the measurement, radii and OKS."""
    inside, original = metrics["keypoints"], metrics["keypoints_original"]
    size, bands = problem.input, settings.bands_px
    return [
        [
            f"RMSE at {size.width} × {size.height}",
            number(inside["rmse_px"], " px"),
            span(inside["rmse_px_low"], inside["rmse_px_high"]),
            "root of the mean squared coordinate error; single gross errors weigh heavily",
        ],
        [
            "RMSE in original pixels",
            number(original["rmse_px"], " px"),
            span(original["rmse_px_low"], original["rmse_px_high"]),
            "the same in the images as they were recorded",
        ],
        [
            "NMAE",
            share(inside["nmae"]),
            "–",
            "mean of |predicted − labelled| / |labelled| over coordinates at the network's input size",
        ],
        ["mean distance", number(original["mean_distance_px"], " px"), "–", "predicted to labelled point, original px"],
        *_millimetre_rows(metrics, settings),
        *[
            [f"images {words}", share(metrics["bands"][key]), "–", meaning]
            for key, words, meaning in zip(
                metrics["bands"],
                (f"below {bands[0]:g} px", f"{bands[0]:g} to {bands[1]:g} px", f"above {bands[1]:g} px"),
                ("RMSE of the image, original px: fit for use", "to be looked at", "not usable"),
                strict=True,
            )
        ],
        *_pck_rows(metrics, settings),
        *(measured.rows(metrics, measure) if measure is not None else []),
        *radius.rows(metrics, measure),
        [
            "keypoint AP (OKS)",
            number(inside["oks_ap"]),
            "–",
            f"COCO's, with this problem's sigmas; AP50 {number(inside['oks_ap50'])}, AP75 {number(inside['oks_ap75'])}",
        ],
    ]


def _millimetre_rows(metrics: Groups, settings: EvaluateSettings) -> list[list[str]]:
    """Rows for errors in millimetres and for the distances between people who labelled the same points, if known."""
    rows = []
    if (errors := metrics.get("millimetres")) is not None:
        radii = ", ".join(
            f"{share(errors[f'share_within_{radius:g}mm'])} within {radius:g} mm" for radius in settings.radii_mm
        )
        rows.append(
            [
                "mean radial error",
                number(errors["mean_radial_error_mm"], " mm"),
                span(errors["mean_radial_error_mm_low"], errors["mean_radial_error_mm_high"], " mm"),
                f"predicted to labelled point; {radii}",
            ]
        )
    if (people := metrics.get("observers")) is not None:
        unit = "mm" if "mean_distance_mm" in people else "px"
        rows.append(
            [
                "between people",
                number(people[f"mean_distance_{unit}"], f" {unit}"),
                "–",
                f"mean distance of {people['points']} points that several people labelled; the model is "
                f"{number(people[f'model_mean_distance_{unit}'], f' {unit}')} from the label there",
            ]
        )
    return rows


def _pck_rows(metrics: Groups, settings: EvaluateSettings) -> list[list[str]]:
    """A row for each threshold of both sizes; empty unless params ask for PCK."""
    shares, pck = metrics.get("pck", {}), settings.pck
    return [
        [
            f"PCK@{threshold:.2f} by the {size}",
            share(shares[name]),
            span(100 * shares[f"{name}_low"], 100 * shares[f"{name}_high"], " %"),
            f"points within {threshold:.0%} of {meaning}",
        ]
        for size, meaning in SIZES.items()
        for threshold in (pck.thresholds if pck else ())
        for name in [f"{size}_{hundredths(threshold)}"]
    ]


class KeypointWords(HeadWords):
    """Describes keypoints, their radii and confidence, and the measurements."""

    captions = CAPTIONS | measured.CAPTIONS | exams.CAPTIONS | {"radius": radius.CAPTION}
    figures = ("error_cdf", "keypoints", "pck", "failures", "agreement", "exams")

    def verdict(self, results: EvaluationResults) -> str:
        """Errors of the points and of the measurement."""
        return verdict(results.metrics, results.measure)

    def rows(self, results: EvaluationResults) -> list[list[str]]:
        """Errors of keypoints, measurements and exams."""
        own = rows(results.metrics, results.problem, results.settings, results.measure)
        return [*own, *(exams.rows(results.metrics) if "exams" in results.metrics else [])]

    def sections(self, results: EvaluationResults) -> list[Section]:
        """Sections about the confidence and, if there are radii, about these."""
        sections = [Section("Confidence", presence.sentences(results.metrics["presence"]), "confidence")]
        if sentences := radius.sentences(results.metrics, results.measure):
            sections.append(Section("How far off a point may be", sentences, "radius"))
        return sections


WORDS = KeypointWords()
