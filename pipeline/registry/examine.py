"""A package examined afresh: what a consumer would get from it on every original image of the test split."""

import json
import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from pipeline.errors import UserError
from pipeline.evaluate.metrics import box_iou, image_rmse
from pipeline.files import Layout, file_digest
from pipeline.measure.build import build_measure
from pipeline.package.runtime import Package, Prediction
from pipeline.params import ProblemParams
from pipeline.prepare.labelled import Labelled, labelled_image, show
from pipeline.progress import progress

_WARM_UP = 3


@dataclass(frozen=True)
class TestSet:
    """The current test split: N labelled instances in their original images.

    Attributes:
        images: Where the image of each is.
        keypoints: Truth, (N, K, 2), pixels of the original image; anything where not labelled.
        labelled: (N, K).
        boxes: Truth, (N, 4) as x, y, width, height; NaN where there is none.
        subjects: Length N.
        mm_per_px: Side of each image's pixel in millimetres; NaN where unknown.
        slices: Slice name to its value for each instance.
        digest: Of the split's file.
    """

    images: tuple[Labelled, ...]
    keypoints: Float[np.ndarray, "N K 2"]
    labelled: Bool[np.ndarray, "N K"]
    boxes: Float[np.ndarray, "N 4"]
    subjects: tuple[str, ...]
    mm_per_px: Float[np.ndarray, "N"]
    slices: dict[str, tuple[str, ...]]
    digest: str


class Yardstick(NamedTuple):
    """What a package's error is, by what it finds.

    Attributes:
        title: For a person.
        unit: Of the error.
        key: What the overall error is called among a gate's numbers.
        floor: The setting of `gates` that limits it.
        power: The overall error is the weighted power mean of the instances' errors: 2 for RMSE, 1 for a mean.
    """

    title: str
    unit: str
    key: str
    floor: str
    power: int


KEYPOINTS = Yardstick("RMSE", "px", "rmse_px", "max_rmse_px", 2)
BOX = Yardstick("IoU loss", "%", "iou_loss_percent", "max_iou_loss_percent", 1)


@dataclass(frozen=True)
class Examination:
    """What a package did on a test set.

    Attributes:
        yardstick: What `error` is: of the keypoints, or of the box where the package finds no keypoints.
        error: Per instance, the root of its mean squared coordinate error at the model's input size, or 1 - IoU in
            percent; inf where the package answered with something that is no number.
        angle: Per instance, the error of the measurement in its unit; NaN where the truth has none, inf as above.
        finite: Whether every coordinate was a number.
        latency_ms: Median time of one image, on this machine's CPU.
        weights: Of each instance in the overall error: its labelled points, or 1 for a box.
    """

    yardstick: Yardstick
    error: Float[np.ndarray, "N"]
    angle: Float[np.ndarray, "N"] | None
    finite: bool
    latency_ms: float
    weights: Float[np.ndarray, "N"]

    def overall(self, which: Bool[np.ndarray, "N"] | None = None) -> float:
        """The error over all coordinates or boxes of the instances asked for; NaN where there is none."""
        chosen = (self.weights > 0) & (True if which is None else which)
        if not chosen.any():
            return float("nan")
        power = self.yardstick.power
        return float(np.average(self.error[chosen] ** power, weights=self.weights[chosen]) ** (1 / power))


def read_test_set(layout: Layout, keypoints: int) -> TestSet:
    """Read the test split's COCO file.

    Raises:
        UserError: It is missing, empty, or of another problem.
    """
    path = layout.out("split") / "test.json"
    try:
        data = json.loads(path.read_text())
    except (FileNotFoundError, ValueError) as error:
        raise UserError(f"{path}: no readable test split ({error}); run the split stage") from error
    images = {image["id"]: image for image in data["images"]}
    annotations = data["annotations"]
    if not annotations:
        raise UserError(f"{path}: no labelled image in it, so nothing can be judged; add subjects or raise split.test")
    values = np.array([a["keypoints"] for a in annotations], dtype=np.float64)
    if values.shape[1:] != (3 * keypoints,):
        raise UserError(f"{path}: expected {keypoints} keypoints (x, y, v) each, found {values.shape[1:]} values")
    values = values.reshape(len(annotations), keypoints, 3)
    entries = [images[a["image_id"]] for a in annotations]
    names = sorted({name for entry in entries for name in entry.get("slices", {})})
    return TestSet(
        images=tuple(labelled_image(layout, e["file_name"], e.get("video", ""), e.get("frame", -1)) for e in entries),
        keypoints=values[..., :2],
        labelled=values[..., 2] > 0,
        boxes=np.array([a.get("bbox", [np.nan] * 4) for a in annotations], dtype=np.float64),
        subjects=tuple(str(entry["subject"]) for entry in entries),
        mm_per_px=np.array([e.get("mm_per_px") for e in entries], dtype=np.float64),
        slices={name: tuple(str(e.get("slices", {}).get(name, "")) for e in entries) for name in names},
        digest=file_digest(path),
    )


def examine(package: Package, tests: TestSet, params: ProblemParams, label: str) -> Examination:
    """Run a package over the test set and compare with the truth.

    Args:
        package: The package.
        tests: The test set.
        params: The problem, for the input size and the measurement.
        label: What the progress bar says.

    Raises:
        UserError: An image is gone, or the package has another number of keypoints.
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
    latency = float(np.median(seconds) * 1000)
    points = [p.keypoints for p in found if p.keypoints is not None]
    if not points:
        return _boxes(np.array([p.box for p in found], np.float64), tests, latency)
    expected = tests.keypoints.shape[1]
    if len(points[0]) != expected:
        raise UserError(f"{package.folder}: found {len(points[0])} keypoints, the problem has {expected}")
    return _keypoints(np.array(points, np.float64), np.array(scales), tests, params, latency)


def _keypoints(
    predicted: Float[np.ndarray, "N K 2"],
    scales: Float[np.ndarray, "N"],
    tests: TestSet,
    params: ProblemParams,
    latency_ms: float,
) -> Examination:
    broken = (~np.isfinite(predicted).all(axis=2) & tests.labelled).any(axis=1)
    rmse = image_rmse(predicted, tests.keypoints, tests.labelled) * scales
    return Examination(
        yardstick=KEYPOINTS,
        error=np.where(broken, np.inf, rmse),
        angle=_angle_errors(predicted, tests, params, broken),
        finite=not broken.any(),
        latency_ms=latency_ms,
        weights=tests.labelled.sum(axis=1).astype(np.float64),
    )


def _boxes(predicted: Float[np.ndarray, "N 4"], tests: TestSet, latency_ms: float) -> Examination:
    broken, known = ~np.isfinite(predicted).all(axis=1), np.isfinite(tests.boxes).all(axis=1)
    loss = 100 * (1 - box_iou(predicted, tests.boxes))
    return Examination(
        yardstick=BOX,
        error=np.where(broken & known, np.inf, loss),
        angle=None,
        finite=not broken.any(),
        latency_ms=latency_ms,
        weights=known.astype(np.float64),
    )


def _angle_errors(
    predicted: Float[np.ndarray, "N K 2"], tests: TestSet, params: ProblemParams, broken: Bool[np.ndarray, "N"]
) -> Float[np.ndarray, "N"] | None:
    if params.measure is None:
        return None
    measure = build_measure(params.measure, params.problem.keypoints, params.package.confidence)
    truth = np.where(tests.labelled[..., None], tests.keypoints, np.nan)
    main = np.array(measure.units) == measure.unit
    known = np.isfinite(measure.values(truth, tests.mm_per_px)[:, main]).any(axis=1)
    errors = measure.errors(predicted, truth, tests.mm_per_px)
    # a prediction whose measurement is undefined is no reason to leave the image out
    return np.where(known, np.where(broken | ~np.isfinite(errors), np.inf, errors), np.nan)
