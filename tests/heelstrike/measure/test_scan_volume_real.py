"""The scan volume of a real brain: 8 people's landmarks, 4 times each, against their consensus."""

import csv
from pathlib import Path

import numpy as np
import pytest

from heelstrike.measure.exam import Exam
from heelstrike.measure.scan_volume import ScanVolume
from heelstrike.measure.settings import ScanVolumeSettings

#: pairs of midline landmarks that the axial and the coronal plane are laid through; the sagittal plane is the scanner's
AXIAL, CORONAL = ("genu of CC", "culmen"), ("splenium of CC", "infracollicular sulcus")
SAGITTAL = ("AC", "PC")
SIDES = ("R AL temporal horn", "L AL temporal horn")
NAMES = (*AXIAL, *CORONAL, *SAGITTAL, *SIDES)
SETTINGS = ScanVolumeSettings(
    name="scan_volume",
    axial=AXIAL,
    coronal=(*CORONAL, *SIDES),
    sagittal=SAGITTAL,
    midline=(*AXIAL, *CORONAL),
    anterior="AC",
    posterior="PC",
    sides=SIDES,
    front=("genu of CC",),
    back=("culmen",),
    top=("splenium of CC",),
    base=("infracollicular sulcus",),
    margin_mm=0,
)


def rated(path: Path) -> dict[tuple[str, str], np.ndarray]:
    found: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    with path.open() as stream:
        for row in csv.DictReader(stream):
            xyz = np.array([float(row[f"{axis}_mm"]) for axis in "xyz"])
            found.setdefault((row["rater"], row["session"]), {})[row["landmark"]] = xyz
    return {who: np.stack([points[name] for name in NAMES]) for who, points in found.items()}


def exam_of(points: np.ndarray, rng: np.random.Generator) -> Exam:
    """What a person would see of his own landmarks on planes of 1 mm pixels, laid through them, or near them."""
    at, planes = dict(zip(NAMES, points, strict=True)), []
    for names, across in ((AXIAL, (1.0, 0, 0)), (CORONAL, (1.0, 0, 0))):
        along = at[names[0]] - at[names[1]]
        x = np.array(across) + rng.normal(0, 0.08, 3)
        x -= (x @ along) / (along @ along) * along
        planes.append((at[names[1]], x / np.linalg.norm(x), along / np.linalg.norm(along)))
    normal = np.array([1.0, 0, 0]) + rng.normal(0, 0.08, 3)
    normal /= np.linalg.norm(normal)
    y = np.cross(normal, (0, 0, 1.0))
    planes.append((rng.normal(0, 3, 3), y / np.linalg.norm(y), np.cross(normal, y / np.linalg.norm(y))))
    keypoints, placement = np.full((3, len(NAMES), 2), np.nan), np.array(planes)
    for image, names in enumerate((AXIAL, (*CORONAL, *SIDES), SAGITTAL)):
        for name in names:
            keypoints[image, NAMES.index(name)] = (at[name] - placement[image, 0]) @ placement[image, 1:].T
    return Exam(keypoints, np.ones(keypoints.shape[:2]), placement)


def test_raters_agree_on_the_axes_of_a_real_brain(datasets: Path) -> None:
    raters, rng = rated(datasets / "mri-midsagittal-colin27" / "labels_3d.csv"), np.random.default_rng(1)
    measure = ScanVolume(SETTINGS, NAMES, 0.5)
    truth = raters.pop(("groundtruth", ""))
    expected = measure.values(exam_of(truth, rng))
    # the template is aligned, and its commissures are 27 mm apart, tilted by 4.5 degrees
    assert measure.measure(exam_of(truth, rng)).details["commissures_mm"] == pytest.approx(27.3, abs=0.1)
    tilt = np.degrees(np.arctan2(expected[8], expected[7]))
    assert tilt == pytest.approx(np.degrees(np.arctan2(-5.857 + 3.728, 4.008 + 23.235)), abs=0.1)
    errors = np.array([measure.errors(measure.values(exam_of(points, rng)), expected) for points in raters.values()])
    assert len(errors) == 32
    centre, angle, _ = np.median(errors, axis=0)
    assert centre < 4, "mm: the ends of the temporal horns are hard to place"
    assert angle < 2.0, "degrees"
