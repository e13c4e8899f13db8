"""The scan volume from scout planes: how far off, and how long it takes, against the 30 s that an operator needs.

    python -m benchmarks.scout CHECKOUT [--brain ../shared/datasets/mri-midsagittal-colin27] [--sheet brain.png]

CHECKOUT is a repository after `package` with docs/examples/scout.yaml. Every exam of the test split is predicted from
its files as by a consumer, from reading to result files. It is compared with the volume of its labels and, if the head
was rendered, with the volume that it was rendered from.

With --brain, planes are cut from a real brain at random angles. Its landmarks give the commissures and the midsagittal
plane; so the axes have a ground truth there. The centre is compared with that of the brain's box along these axes,
which is found by gray values, to about 2 mm; the extents have no ground truth.
"""

import argparse
import csv
import tempfile
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import SimpleITK as sitk
from jaxtyping import Float
from rich.console import Console
from rich.table import Table
from scipy.ndimage import binary_dilation, binary_erosion, label, map_coordinates
from scipy.spatial.transform import Rotation

from heelstrike.images import read_image
from heelstrike.measure.build import build_exam_measure
from heelstrike.measure.exam import Exam, ExamMeasure
from heelstrike.measure.settings import ScanVolumeSettings
from heelstrike.package.runtime import Package
from heelstrike.predict.predictor import predict_path
from heelstrike.predict.results import ModelReference
from heelstrike.scans import read_scan
from pipeline.evaluate.judged_split import read_judged_split
from pipeline.layout import Layout
from pipeline.params import ProblemParams, load_params
from pipeline.problem import Problem
from pipeline.synthetic import scout
from pipeline.synthetic.nifti import nifti
from pipeline.synthetic.settings import SyntheticSource

_OPERATOR_S = 30
_MIDLINE = (
    "AC",
    "PC",
    "PMJ",
    "infracollicular sulcus",
    "superior interpeduncular fossa",
    "culmen",
    "intermammillary sulcus",
    "pineal gland",
    "genu of CC",
    "splenium of CC",
)
_SIZE, _STEP_MM = 128, 2.0
_NEAR_MM = 5.0
_BRAIN = (65, 150)  # gray values of white and gray matter in the volume
_CORD_MM = 14.0  # so far to the sides of the midsagittal plane, nothing of the spinal cord reaches below the brain
_OUTLIERS = 0.0005  # share of voxels that may lie beyond the box


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--brain", type=Path, help="folder with colin27_ch2_1mm.nii.gz and labels_3d.csv")
    parser.add_argument("--poses", type=int, default=20, help="number of poses of the real brain (default 20)")
    parser.add_argument("--sheet", type=Path, help="PNG to draw one pose of the real brain to")
    given = parser.parse_args()
    params, layout = load_params(given.checkout / "params.yaml")["scout"], Layout(given.checkout, "scout")
    package = Package.load(layout.out("package"))
    assert params.measure is not None
    measure = build_exam_measure(params.measure, params.problem.keypoints, params.package.confidence)
    assert measure is not None
    console = Console()
    console.print(_of_test_split(package, params, layout, measure))
    if given.brain is not None:
        console.print(_of_brain(package, params.problem, measure, given.brain, given.poses, given.sheet))


def _of_test_split(package: Package, params: ProblemParams, layout: Layout, measure: ExamMeasure) -> Table:
    tests = read_judged_split(layout, params)
    points, placement = tests.cases.truth["keypoints"], tests.cases.placement
    source = next((s for s in params.collect.sources if isinstance(s, SyntheticSource)), None)
    of_labels, of_truth, labels_off, seconds, reasons = [], [], [], [], Counter[str]()
    names = tests.cases.exams
    for name in np.unique(names):
        rows = np.flatnonzero(names == name)
        files = [_original(tests.images[row].file, layout) for row in rows]
        labels = measure.values(Exam(points[rows], np.ones(points[rows].shape[:2]), placement[rows]))
        with tempfile.TemporaryDirectory() as out:
            start = time.perf_counter()
            report = predict_path(files[0].parent, package, ModelReference("benchmark"), Path(out))
            seconds.append(time.perf_counter() - start)
        measurement = report.exams[0].measurement
        reasons[measurement.reason or "measured"] += 1
        if not measurement.measured:
            continue
        read = np.array([measurement.values.get(quantity, np.nan) for quantity in measure.quantities])
        of_labels.append(measure.errors(read, labels))
        if source is not None and files[0].is_relative_to(layout.work("collect")):
            person, exam = (int(part.rpartition("_")[2]) for part in str(name).split("/"))
            made = scout.truth(source, person, exam)
            assert isinstance(params.measure, ScanVolumeSettings)
            margin = 2 * params.measure.margin_mm
            true = np.concatenate([made.centre, made.axes.ravel(), made.extents + margin, [np.nan]])
            of_truth.append(measure.errors(read, true))
            labels_off.append(measure.errors(labels, true))
    counted = ", ".join(f"{n} {reason.replace('_', ' ')}" for reason, n in reasons.most_common())
    table = Table(title=f"{len(seconds)} exams of the test split: {counted}")
    for heading in ("", *(f"{k} ({u}): median, 95 %" for k, u in zip(measure.kinds, measure.units, strict=True))):
        table.add_column(heading)
    table.add_row("predicted, against the labels' volume", *_spread(of_labels))
    if of_truth:
        table.add_row("predicted, against the truth", *_spread(of_truth))
        table.add_row("labels' volume, against the truth", *_spread(labels_off))
    middle, late = np.median(seconds[1:] or seconds), np.quantile(seconds[1:] or seconds, 0.95)
    table.caption = (
        f"an exam takes {middle:.3f} s in the median, {late:.3f} s at the 95th percentile, files to files; an operator "
        f"{_OPERATOR_S} s: {_OPERATOR_S / middle:.0f} times as long"
    )
    return table


def _original(copy: Path, layout: Layout) -> Path:
    """Return the raw file of an 8-bit copy made by collect."""
    name = copy.relative_to(layout.out("collect") / "images").as_posix()
    return layout.video(name.removesuffix(".png"))


def _spread(errors: list[Float[np.ndarray, "E"]]) -> list[str]:
    if not errors:
        return []
    return [f"{np.nanmedian(of_kind):.2f}, {np.nanquantile(of_kind, 0.95):.2f}" for of_kind in np.array(errors).T]


def _of_brain(
    package: Package, problem: Problem, measure: ExamMeasure, folder: Path, poses: int, sheet: Path | None
) -> Table:
    """Predict scout planes cut from a real brain at random angles, and return the errors of landmarks and axes."""
    image = sitk.ReadImage(str(folder / "colin27_ch2_1mm.nii.gz"))
    volume = sitk.GetArrayFromImage(image).astype(np.float32)
    corner, step = np.array(image.GetOrigin()) * (-1, -1, 1), np.array(image.GetDirection()).reshape(3, 3)
    to_ras = np.diag([-1.0, -1, 1]) @ step @ np.diag(image.GetSpacing())
    landmarks = _consensus(folder / "labels_3d.csv")
    ac, pc, axes = landmarks["AC"], landmarks["PC"], _axes(landmarks)
    centre = _centre(volume, corner, to_ras, axes, (ac + pc) / 2)
    rng, reasons = np.random.default_rng(1), Counter[str]()
    angles, centres, off = [], list[float](), {"sagittal_ac": list[float](), "sagittal_pc": list[float]()}
    for pose in range(poses):
        tilt = rng.normal(0, (8, 5, 6)).clip((-18, -12, -14), (18, 12, 14))
        turn, shift = Rotation.from_euler("xyz", tilt, degrees=True).as_matrix(), rng.normal(0, 6, 3)
        with tempfile.TemporaryDirectory() as work:
            exam = Path(work) / "exam"
            exam.mkdir()
            # planes near the middle of the commissures; to_head maps the scanner's coordinates to the brain's
            middle = turn @ ((ac + pc) / 2 + (0, 0, 10)) + shift
            for plane in scout.PLANES:
                placement = scout.straight(plane, middle + rng.uniform(-4, 4, 3), (_SIZE, _SIZE), _STEP_MM)
                values = _slice(volume, placement, turn, shift, corner, to_ras)
                (exam / f"{plane}.nii").write_bytes(nifti(values, placement, _STEP_MM))
            report = predict_path(
                exam, package, ModelReference("benchmark"), Path(work) / "out", overlay=sheet is not None
            )
            measurement = report.exams[0].measurement
            reasons[measurement.reason or "measured"] += 1
            if sheet is not None and pose == 0:
                pictures = [read_image(Path(work) / "out" / f"{p}.nii.overlay.png") for p in scout.PLANES]
                cv2.imwrite(str(sheet), np.hstack(pictures)[..., ::-1])
            scan = read_scan(exam / "sagittal.nii")
            keypoints = package.predict(scan.image).keypoints
            assert keypoints is not None
            steps = scan.placement[1:]
            for name, true in (("sagittal_ac", ac), ("sagittal_pc", pc)):
                at = (turn @ true + shift - scan.placement[0]) @ steps.T / (steps**2).sum(axis=1)
                off[name].append(float(np.linalg.norm(keypoints[problem.keypoints.index(name)] - at)) * _STEP_MM)
        if measurement.measured:
            read = np.array(list(measurement.details["axes"].values()))
            turned = np.degrees(np.arccos(np.clip((read * (axes @ turn.T)).sum(axis=1), -1, 1)))
            angles.append(turned)
            found = np.array([measurement.values[name] for name in measure.quantities[:3]])
            centres.append(float(np.linalg.norm(found - (turn @ centre + shift))))
    counted = ", ".join(f"{n} {reason.replace('_', ' ')}" for reason, n in reasons.most_common())
    table = Table(title=f"{poses} poses of a real brain: {counted}")
    for heading in ("", "median", "95 %"):
        table.add_column(heading)
    for name, distances in off.items():
        table.add_row(f"{name}, mm", f"{np.median(distances):.2f}", f"{np.quantile(distances, 0.95):.2f}")
    if centres:
        table.add_row("centre, mm", f"{np.median(centres):.2f}", f"{np.quantile(centres, 0.95):.2f}")
        table.caption = f"{np.sum(np.array(centres) <= _NEAR_MM)} of {poses} with the centre within {_NEAR_MM:g} mm"
    for axis, values in zip(("x (midsagittal plane)", "y (commissures)", "z"), np.array(angles).T, strict=False):
        table.add_row(f"axis {axis}, degrees", f"{np.median(values):.2f}", f"{np.quantile(values, 0.95):.2f}")
    return table


def _consensus(path: Path) -> dict[str, Float[np.ndarray, "3"]]:
    with path.open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["rater"] == "groundtruth"]
    return {row["landmark"]: np.array([float(row[f"{axis}_mm"]) for axis in "xyz"]) for row in rows}


def _axes(landmarks: dict[str, Float[np.ndarray, "3"]]) -> Float[np.ndarray, "3 3"]:
    """Return unit axes of the brain: normal of the midsagittal plane, line of the commissures, and their product."""
    points = np.stack([landmarks[name] for name in _MIDLINE])
    x = np.linalg.svd(points - points.mean(axis=0))[2][2]
    x = x * np.sign(x[0])
    y = landmarks["AC"] - landmarks["PC"]
    y = y - (y @ x) * x
    y = y / np.linalg.norm(y)
    return np.stack([x, y, np.cross(x, y)])


def _centre(
    volume: Float[np.ndarray, "Z Y X"],
    corner: Float[np.ndarray, "3"],
    to_ras: Float[np.ndarray, "3 3"],
    axes: Float[np.ndarray, "3 3"],
    origin: Float[np.ndarray, "3"],
) -> Float[np.ndarray, "3"]:
    """Return the centre of the brain's box along the axes. The brain is the largest part of its gray values."""
    likely = (volume > _BRAIN[0]) & (volume < _BRAIN[1])
    parts, count = label(binary_erosion(likely, iterations=4))
    largest = parts == 1 + int(np.argmax(np.bincount(parts.ravel(), minlength=count + 1)[1:]))
    brain = binary_dilation(largest, iterations=5) & likely
    places = np.argwhere(brain)[:, ::-1] @ to_ras.T + corner
    along = (places - origin) @ axes.T
    low, high = np.quantile(along, [_OUTLIERS, 1 - _OUTLIERS], axis=0)
    low[2] = np.quantile(along[np.abs(along[:, 0]) > _CORD_MM][:, 2], _OUTLIERS)
    return np.asarray(origin + (low + high) / 2 @ axes)


def _slice(
    volume: Float[np.ndarray, "Z Y X"],
    placement: Float[np.ndarray, "3 3"],
    turn: Float[np.ndarray, "3 3"],
    shift: Float[np.ndarray, "3"],
    corner: Float[np.ndarray, "3"],
    to_ras: Float[np.ndarray, "3 3"],
) -> np.ndarray:
    """Return the brain on a plane of the scanner, averaged over 5 mm; zero beyond the volume."""
    rows, columns = np.mgrid[:_SIZE, :_SIZE].reshape(2, -1, 1)
    plane = placement[0] + columns * placement[1] + rows * placement[2]
    normal = np.cross(placement[1], placement[2]) / _STEP_MM**2
    layers = []
    for depth in (-2.0, -1.0, 0.0, 1.0, 2.0):
        voxels = np.linalg.solve(to_ras, ((plane + depth * normal - shift) @ turn - corner).T)
        layers.append(map_coordinates(volume, voxels[::-1], order=1, mode="constant"))
    return np.rint(np.mean(layers, axis=0).reshape(_SIZE, _SIZE) * 4).astype(np.int16)


if __name__ == "__main__":
    main()
