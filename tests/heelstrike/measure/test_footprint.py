"""What is read off footprints."""

import io

import ezdxf
import numpy as np
import pytest

from heelstrike.measure.arch import arch_index
from heelstrike.measure.build import build_measure
from heelstrike.measure.settings import FootprintSettings
from pipeline.synthetic.footprint import KEYPOINTS, draw_print
from pipeline.synthetic.settings import SyntheticSource

SETTINGS = FootprintSettings(
    name="footprint", toes=KEYPOINTS[:5], ball_medial=KEYPOINTS[5], ball_lateral=KEYPOINTS[6], heel=KEYPOINTS[7]
)
MEASURE = build_measure(SETTINGS, KEYPOINTS, 0.5)
SURE = np.ones(8)
# a right foot, upright, millimetres: medial on the left, y down
FOOT = np.array([[-30, -240], [0, -250], [18, -240], [30, -225], [40, -205], [-45, -170], [50, -150], [0, 0]], float)
EXPECTED = {
    "foot_length": 250.0,
    "ball_width": np.hypot(95, 20),
    "heel_to_ball": 170.0,
    "toe_line": np.degrees(np.arctan2(35, 70)),
    "foot_axis": 0.0,
}


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    """Clockwise as seen."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return points @ np.array([[c, s], [-s, c]])


@pytest.mark.parametrize("mm_per_px", [1.0, 0.0846])
def test_lengths_are_millimetres_whatever_the_resolution(mm_per_px: float) -> None:
    found = MEASURE.measure(FOOT / mm_per_px + 500, SURE, mm_per_px)
    assert found.measured
    assert found.values == pytest.approx(EXPECTED, abs=1e-6)
    assert found.to_json()["units"]["toe_line"] == "deg"


def test_left_and_turned_feet() -> None:
    left = FOOT * [-1, 1]
    assert MEASURE.measure(left, SURE, 1.0).values == pytest.approx(EXPECTED, abs=1e-6)
    # to the image's right is lateral for a right foot, medial for a left one
    assert MEASURE.measure(turned(FOOT, 7), SURE, 1.0).values == pytest.approx(EXPECTED | {"foot_axis": 7}, abs=1e-6)
    assert MEASURE.measure(turned(left, 7), SURE, 1.0).values == pytest.approx(EXPECTED | {"foot_axis": -7}, abs=1e-6)


def test_reasons() -> None:
    assert MEASURE.measure(FOOT, SURE).reason == "scale_unknown"
    assert MEASURE.measure(FOOT, SURE, 3.0).reason == "length_limit"
    unsure = SURE.copy()
    unsure[3] = 0.2
    found = MEASURE.measure(FOOT, unsure, 1.0)
    assert (found.reason, found.message) == ("missing_point", "not found with a confidence of 0.5: toe4")
    assert MEASURE.files(found) == {}


def test_errors_are_of_lengths_and_unknown_without_scale() -> None:
    truth = np.stack([FOOT, FOOT])
    predicted = truth.copy()
    predicted[:, 7, 1] += 3  # the heel 3 mm lower: foot and heel-to-ball are longer by 3
    np.testing.assert_allclose(MEASURE.errors(predicted, truth, np.array([1.0, np.nan])), [2.0, np.nan], atol=1e-9)


def test_outline_encloses_the_foot_and_is_a_drawing_in_millimetres() -> None:
    found = MEASURE.measure(FOOT, SURE, 1.0)
    outline = np.array(found.details["outline_mm"])
    size = outline.max(axis=0) - outline.min(axis=0)
    assert size[1] == pytest.approx(250 + SETTINGS.toe_allowance_mm + SETTINGS.heel_allowance_mm, abs=2)
    assert 95 < size[0] < 125
    from matplotlib.path import Path

    assert Path(outline).contains_points(FOOT).all()
    files = MEASURE.files(found)
    document = ezdxf.read(io.StringIO(files[".outline.dxf"].decode()))
    assert document.units == ezdxf.units.MM
    (line,) = document.modelspace().query("LWPOLYLINE")
    drawn = np.array(line.get_points("xy"))
    assert line.closed
    np.testing.assert_allclose(drawn.max(axis=0) - drawn.min(axis=0), size, atol=1e-6)
    assert f'height="{size[1] + 10:.3f}mm"' in files[".outline.svg"].decode()
    assert files == MEASURE.files(found)


def test_arch_index_of_inked_prints_is_that_of_the_true_contact() -> None:
    source = SyntheticSource(kind="synthetic", generator="footprint", width=400, height=640, seed=3)
    off = []
    for person in range(8):
        made = draw_print(source, person, 0)
        points = np.where(np.isfinite(made.points), made.points, made.points[1])
        if not np.isfinite(points).all():
            continue
        contact = np.repeat(np.where(made.sole, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
        off.append(abs(arch_index(made.image, points, "light") - arch_index(contact, points, "light")))
    assert len(off) >= 6
    assert np.median(off) < 0.01 and max(off) < 0.05


def test_without_the_extra_cad_all_but_the_outline_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heelstrike.measure.footprint.missing_packages", lambda: ("scipy", "ezdxf"))
    measurement = MEASURE.measure(FOOT + 500, SURE, 1.0)
    assert measurement.values == pytest.approx(EXPECTED)
    assert measurement.warnings == ("no outline of an insole: it needs scipy and ezdxf (extra `cad`)",)
    assert measurement.details["outline_mm"] is None
    assert MEASURE.files(measurement) == {}
