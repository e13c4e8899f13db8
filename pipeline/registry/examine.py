"""A package examined afresh: what a consumer would get from it on every original image of the test split."""

import json
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from heelstrike.heads.prediction import Prediction
from heelstrike.measure.build import build_exam_measure, build_measure
from heelstrike.measure.exam import Exam, ExamMeasure, each_exam
from heelstrike.package.runtime import Package
from heelstrike.progress import progress
from pipeline.annotations import FIRST_CATEGORY, exam_names, placement_of
from pipeline.heads import HEADS, Head
from pipeline.heads.error import ErrorMetric, Found, TestSet
from pipeline.heads.export import HeadExport
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.prepare.labelled import labelled_image, show
from pipeline.problem import Problem
from pipeline.splits import TEST

_WARM_UP = 3


@dataclass(frozen=True)
class Examination:
    """What a package did on a test set.

    Attributes:
        head: Whose error it is; of several heads, the first one.
        error: Per entry of the test set; inf where the package answered with something that is no number.
        angle: Per instance, the error of the measurement in its unit; NaN where the truth has none, inf as above.
        finite: Whether every coordinate was a number.
        latency_ms: Median time of one image, on this machine's CPU.
        weights: Of each entry in the overall error.
    """

    head: Head
    error: Float[np.ndarray, "N"]
    angle: Float[np.ndarray, "N"] | None
    finite: bool
    latency_ms: float
    weights: Float[np.ndarray, "N"]

    @property
    def metric(self) -> ErrorMetric:
        """What `error` is."""
        return ErrorMetric.of(self.head)

    def overall(self, which: Bool[np.ndarray, "N"] | None = None) -> float:
        """The error over all coordinates or boxes of the instances asked for; NaN where there is none."""
        chosen = (self.weights > 0) & (True if which is None else which)
        if not chosen.any():
            return float("nan")
        power = self.metric.power
        return float(np.average(self.error[chosen] ** power, weights=self.weights[chosen]) ** (1 / power))


def read_test_set(layout: Layout, problem: Problem) -> TestSet:
    """Read the test split's COCO file.

    Raises:
        UserError: It is missing, empty, or of another problem.
    """
    path, keypoints = layout.out("split") / f"{TEST}.json", len(problem.keypoints)
    try:
        data = json.loads(path.read_text())
    except (FileNotFoundError, ValueError) as error:
        raise UserError(f"{path}: no readable test split ({error}); run the split stage") from error
    images = {image["id"]: image for image in data["images"]}
    if not data["annotations"]:
        raise UserError(f"{path}: no labelled image in it, so nothing can be judged; add subjects or raise split.test")
    of_image: dict[int, list[Any]] = {}
    for annotation in data["annotations"]:
        of_image.setdefault(annotation["image_id"], []).append(annotation)
    annotations = [same[0] for same in of_image.values()] if problem.several else data["annotations"]
    wrong = {len(a["keypoints"]) for a in annotations} - {3 * keypoints}
    if wrong:
        raise UserError(f"{path}: expected {keypoints} keypoints (x, y, v) each, found {sorted(wrong)} values")
    values = np.array([a["keypoints"] for a in annotations], np.float64).reshape(len(annotations), keypoints, 3)
    entries = [images[a["image_id"]] for a in annotations]
    names = sorted({name for entry in entries for name in entry.get("slices", {})})
    return TestSet(
        images=tuple(labelled_image(layout, e["file_name"], e.get("video", ""), e.get("frame", -1)) for e in entries),
        keypoints=values[..., :2],
        labelled=values[..., 2] > 0,
        boxes=np.array([a.get("bbox", [np.nan] * 4) for a in annotations], dtype=np.float64),
        classes=np.array([_class_of(a) for a in annotations], np.int64),
        objects=tuple(
            np.array([[*a.get("bbox", [np.nan] * 4), _class_of(a)] for a in of_image[entry["id"]]], np.float64)
            for entry in entries
        ),
        subjects=tuple(str(entry["subject"]) for entry in entries),
        mm_per_px=np.array([e.get("mm_per_px") for e in entries], dtype=np.float64),
        slices={name: tuple(str(e.get("slices", {}).get(name, "")) for e in entries) for name in names},
        digest=file_digest(path),
        exams=tuple(exam_names(pd.DataFrame(entries)).tolist()),
        placement=placement_of(pd.DataFrame(entries)),
    )


def _class_of(annotation: dict[str, Any]) -> int:
    return int(annotation.get("category_id", FIRST_CATEGORY)) - FIRST_CATEGORY


def examine(package: Package, tests: TestSet, params: ProblemParams, label: str) -> Examination:
    """Run a package over the test set and compare with the truth.

    Args:
        package: The package.
        tests: The test set.
        params: The problem, for the input size and the measurement.
        label: What the progress bar says.

    Raises:
        UserError: An image is gone, or the package finds another number of keypoints or classes.
    """
    found, scales, seconds = list[Prediction](), list[float](), list[float]()
    with progress(f"judge {label}", len(tests.images)) as bar:
        for index, shown in enumerate(show(tests.images, package.manifest.filters)):
            image = shown.image
            mirrored = package.mirrors({name: values[index] for name, values in tests.slices.items()})
            for _ in range(_WARM_UP if index == 0 else 0):
                package.predict_filtered(image)
            start = time.perf_counter()
            found.append(package.predict_filtered(shown.filtered, mirrored))
            seconds.append(time.perf_counter() - start)
            size = params.problem.input
            scales.append(min(size.width / image.shape[1], size.height / image.shape[0]))
            bar.advance()
    _refuse_other_problems(package, found[0], params.problem)
    head = next(head for head in HEADS.values() if HeadExport.of(head).answered(found[0]))
    errors = ErrorMetric.of(head).errors(Found(found, np.array(scales), params.package.confidence), tests)
    return Examination(
        head=head,
        error=errors.error,
        angle=_angle_errors(found, tests, params, errors.broken),
        finite=not errors.broken.any(),
        latency_ms=float(np.median(seconds) * 1000),
        weights=errors.weights,
    )


def _refuse_other_problems(package: Package, found: Prediction, problem: Problem) -> None:
    points = problem.keypoints if found.keypoints is None else found.keypoints
    if len(points) != len(problem.keypoints):
        raise UserError(f"{package.folder}: found {len(points)} keypoints, the problem has {len(problem.keypoints)}")
    if package.manifest.category.classes != problem.classes:
        raise UserError(
            f"{package.folder}: tells {list(package.manifest.category.classes)} apart, the problem has "
            f"{list(problem.classes)}"
        )


def _angle_errors(
    found: list[Prediction], tests: TestSet, params: ProblemParams, broken: Bool[np.ndarray, "N"]
) -> Float[np.ndarray, "N"] | None:
    if params.measure is None or found[0].keypoints is None:
        return None
    predicted = np.array([p.keypoints for p in found], np.float64)
    truth = np.where(tests.labelled[..., None], tests.keypoints, np.nan)
    of_exams = build_exam_measure(params.measure, params.problem.keypoints, params.package.confidence)
    if of_exams is not None:
        return _exam_errors(predicted, truth, tests, of_exams, broken)
    measure = build_measure(params.measure, params.problem.keypoints, params.package.confidence)
    assert measure is not None
    main = np.array(measure.units) == measure.unit
    known = np.isfinite(measure.values(truth, tests.mm_per_px)[:, main]).any(axis=1)
    errors = measure.errors(predicted, truth, tests.mm_per_px)
    # a prediction whose measurement is undefined is no reason to leave the image out
    return np.where(known, np.where(broken | ~np.isfinite(errors), np.inf, errors), np.nan)


def _exam_errors(
    predicted: Float[np.ndarray, "N K 2"],
    truth: Float[np.ndarray, "N K 2"],
    tests: TestSet,
    measure: ExamMeasure,
    broken: Bool[np.ndarray, "N"],
) -> Float[np.ndarray, "N"]:
    """The main error of each exam at its first image, NaN at the others, so that each counts once."""
    errors, sure, names = np.full(len(truth), np.nan), np.ones(truth.shape[:2]), np.array(tests.exams)
    found = each_exam(names, Exam(predicted, sure, tests.placement))
    labels = each_exam(names, Exam(truth, sure, tests.placement))
    for name, (rows, exam) in found.items():
        true = measure.values(labels[name][1])
        error = measure.errors(measure.values(exam), true)[0]
        undefined = bool(broken[rows].any()) or not np.isfinite(error)
        errors[rows[0]] = np.nan if np.isnan(true).all() else np.inf if undefined else error
    return errors
