"""The parts of a record in closed form."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelstrike.monitor.geometry import Arrangement, geometry_of
from heelstrike.monitor.pictures import scaled, spots_of, statistics_of
from heelstrike.monitor.recorder import quantiles
from heelstrike.monitor.thinned import Thinned
from heelstrike.monitor.trembling import Trembling
from heelstrike.monitor.wire import (
    MAX_BYTES,
    Disagreement,
    Doubtful,
    GeometryWire,
    InputRecord,
    ModelOf,
    PictureWire,
    to_bytes,
)
from heelstrike.package.image import ArrayImage
from tests.packages import SHARES

LEGS = ((1, 2), (2, 3), (4, 5), (5, 6))


@given(st.integers(1, 300), st.integers(2, 12))
def test_thinned_items_are_evenly_spread(offered: int, most: int) -> None:
    kept = Thinned[int](most)
    for number in range(offered):
        if kept.wants_next():
            kept.add(number)
    assert 1 <= len(kept.items) <= most and kept.items[0] == 0
    assert len(set(np.diff(kept.items))) <= 1 or len(kept.items) < 2
    if offered > most:
        assert len(kept.items) >= most // 2, "about half of what is allowed is always used"


def test_statistics_of_a_known_picture() -> None:
    rng = np.random.default_rng(3)
    flat = np.full((200, 240, 3), 90, np.uint8)
    noisy = np.clip(flat + rng.normal(0, 5, (200, 240, 1)), 0, 255).round().astype(np.uint8)
    first, second = (statistics_of(scaled(ArrayImage(picture))) for picture in (flat, noisy))
    assert first == (90, 0, 0, 0, 128, 128)
    assert second.noise == pytest.approx(5, rel=0.05) and second.contrast == pytest.approx(5, rel=0.05)
    # the Laplacian adds four neighbours and takes four times the pixel: 20 times the variance
    assert second.sharpness == pytest.approx(20 * 25, rel=0.1)
    assert statistics_of(scaled(ArrayImage(np.asarray(cv2.GaussianBlur(noisy, (0, 0), 2), np.uint8)))).sharpness < 5


def test_pictures_are_shrunk_and_never_enlarged() -> None:
    assert scaled(ArrayImage(np.zeros((1080, 1920, 3), np.uint8))).shape == (144, 256, 3)
    assert scaled(ArrayImage(np.zeros((30, 40, 3), np.uint8))).shape == (30, 40, 3)


def test_markers_are_compared_with_what_is_around_them() -> None:
    picture = np.full((100, 100, 3), 100, np.uint8)
    for x, y in ((30, 20), (30, 50), (30, 80)):
        cv2.circle(picture, (x, y), 2, (180, 180, 180), -1)
    points = np.array([(30.2, 19.8), (30, 50), (29.9, 80)])
    spot = spots_of(scaled(ArrayImage(picture)), points, 60.0)
    assert spot == pytest.approx((180, 80, 0, 0), abs=0.5)


@given(st.floats(0.3, 3), st.floats(-40, 40), st.floats(-40, 40))
def test_geometry_does_not_depend_on_the_resolution(factor: float, right: float, down: float) -> None:
    points = np.array([[[100.0, 50], [110, 100], [105, 150]]]) + np.array([right, down])
    present = np.ones((1, 3), bool)
    first = geometry_of(Arrangement(points, present, (320, 240)), ((1, 2), (2, 3)))
    larger = (points + 0.5) * factor - 0.5
    second = geometry_of(Arrangement(larger, present, (320 * factor, 240 * factor)), ((1, 2), (2, 3)))  # type: ignore[arg-type]
    for name in ("span", "x", "y", "tilt", "aspect"):
        assert getattr(first, name) == pytest.approx(getattr(second, name), abs=2e-3)
    assert first.bones == pytest.approx((np.hypot(10, 50) / 100, np.hypot(5, 50) / 100), abs=1e-4)
    assert first.tilt == pytest.approx(-np.degrees(np.arctan2(2.5, 50)), abs=0.01)


def test_rise_is_the_height_of_the_camera_in_sizes_of_a_leg() -> None:
    """Two legs of 0.3 m, whose lowest marker is on the floor, walk away from a camera that looks ahead, 0.75 m high."""
    distances = np.array([[2.0, 2.3], [2.2, 2.4], [2.6, 2.5], [2.8, 2.7]])
    focal = 500.0
    heights = np.array([0.3, 0.15, 0.0])
    y = focal * (0.75 - heights) / distances[..., None] + 240
    x = np.broadcast_to(focal * np.array([-0.1, 0.1])[:, None] / distances[..., None] + 320, y.shape)
    points = np.stack([x, y], axis=-1).reshape(4, 6, 2)
    found = geometry_of(Arrangement(points, np.ones((4, 6), bool), (640, 480)), LEGS).rise
    assert found == pytest.approx((0.75 - 0.15) / 0.3, rel=1e-3)
    assert geometry_of(Arrangement(points[:2], np.ones((2, 6), bool), (640, 480)), LEGS).rise is None
    standing = np.repeat(points[:1], 4, axis=0)
    standing[:, 3:] = standing[:, :3]
    assert geometry_of(Arrangement(standing, np.ones((4, 6), bool), (640, 480)), LEGS).rise is None


def test_foreshortening_is_the_slope_of_the_share_of_the_first_bone() -> None:
    rng = np.random.default_rng(2)
    size, lifted = rng.uniform(80, 120, (8, 2)), rng.normal(0, 10, (8, 2))
    place = 200 + 1.5 * size + lifted
    share = 0.6 - 0.25 * (place - 1.5 * size) / size.mean()
    top = place - (1 + share) * size / 3  # three keypoints of a vertical leg have their mean at its place
    y = np.stack([top, top + share * size, top + size], axis=-1)
    x = np.broadcast_to(np.array([300, 340])[:, None], y.shape)
    points = np.stack([x, y], axis=-1).reshape(8, 6, 2)
    found = geometry_of(Arrangement(points, np.ones((8, 6), bool), (640, 480)), LEGS)
    assert found.foreshortening == pytest.approx(-0.25, abs=1e-3)
    straight = geometry_of(Arrangement(points, np.ones((8, 6), bool), (640, 480)), ((1, 3), (4, 6)))
    assert straight.rise is not None and straight.foreshortening is None, "a leg of one bone has no shares"


def seen_from(height: float) -> float:
    """Foreshortening of two legs that walk away for two strides; a leg that is lifted is bent back."""
    frames = []
    for number in range(40):
        legs = []
        for side, phase in ((-0.1, 0.0), (0.1, np.pi)):
            lifted = max(0.0, float(np.sin(np.pi * number / 10 + phase)))
            shank, foot = np.radians((45 * lifted, 60 * lifted))
            ankle = np.array([side, 0.1 + 0.12 * lifted, 2 + 0.03 * number])
            up = ankle + 0.25 * np.array([0, np.cos(shank), np.sin(shank)])
            heel = ankle - 0.08 * np.array([0, np.cos(foot), np.sin(foot)])
            legs += [up, ankle, heel]
        frames.append(legs)
    there = np.array(frames) - [0, height, 0]
    down = np.arctan2(height - 0.2, 2.6)  # the camera looks at the legs
    forward, low = np.array([0, -np.sin(down), np.cos(down)]), np.array([0, -np.cos(down), -np.sin(down)])
    depth = there @ forward
    points = np.stack([500 * there[..., 0] / depth + 320, 500 * (there @ low) / depth + 240], axis=-1)
    found = geometry_of(Arrangement(points, np.ones((40, 6), bool), (640, 480)), LEGS).foreshortening
    assert found is not None
    return found


def test_foreshortening_rises_with_a_camera_above_the_legs() -> None:
    found = [seen_from(height) for height in (0.35, 0.55, 0.8)]
    assert found == sorted(found) and found[-1] - found[0] > 0.1


def walked(frames: int, fps: float, rng: np.random.Generator | None = None) -> Trembling:
    """Six keypoints that swing with 1 Hz over a span of 100 pixels, with errors of half a pixel if asked for."""
    trembling, present = Trembling(), np.ones(6, bool)
    for number in range(frames):
        time = number / fps
        swing = np.array([20 * np.sin(2 * np.pi * time), 5 * np.cos(2 * np.pi * time)])
        points = np.array(SHARES) * [100, 250] + swing
        trembling.add(time, points if rng is None else points + 0.5 * rng.standard_normal((6, 2)), present)
    return trembling


@pytest.mark.parametrize("fps", [25, 30, 60])
def test_trembling_is_the_standard_deviation_of_independent_errors(fps: float) -> None:
    assert walked(400, fps).sigma < 0.001  # a smooth movement has next to none
    assert walked(1000, fps, np.random.default_rng(1)).sigma == pytest.approx(0.5 / 100, rel=0.1)


def test_trembling_needs_four_frames_in_a_row() -> None:
    assert np.isnan(walked(3, 25).sigma) and np.isnan(walked(100, 10).sigma) and not np.isnan(walked(4, 25).sigma)
    gaps = Trembling()
    for number in range(60):
        if number % 4 != 3:
            gaps.add(number / 25, np.array(SHARES) * 100, np.ones(6, bool))
    assert np.isnan(gaps.sigma)


def test_frames_without_an_arrangement_say_nothing() -> None:
    points = np.array([[[1.0, 2], [np.nan, np.nan]], [[3.0, 3], [3, 3]]])
    wire = geometry_of(Arrangement(points, np.array([[True, False], [True, True]]), (10, 10)), ((1, 2),))
    assert (wire.span, wire.tilt, wire.bones) == (None, None, (None,))


def test_quantiles_without_limit_are_null() -> None:
    assert quantiles(np.array([1.0, 2.0, np.inf])).model_dump() == {"p10": 1.0, "p50": 2.0, "p90": None}
    assert quantiles(np.array([np.nan])).p50 is None and quantiles(None).p50 is None


def test_the_largest_files_that_the_formats_allow_stay_below_two_kilobytes() -> None:
    model = ModelOf(problem="p" * 200, version="9" * 20, digest="f" * 64)
    about = {"heelstrike": "9" * 40, "id": "f" * 32, "time": "2026-11-29T01:51:37.556789Z", "kind": "video"}
    about |= {"width": 100000, "height": 100000, "fps": 1234.123, "frames": 10**7}
    reasons = {f"reason_{number:02d}_" + "x" * 8: 10**6 for number in range(19)}
    picture = PictureWire(
        frames=8, brightness=123.4567, contrast=1.1234, sharpness=12345.6789, noise=1.1234, red=128.1234, blue=127.1234
    )
    numbers = dict.fromkeys(("span", "x", "y", "tilt", "aspect", "rise", "foreshortening", "trembling"), -1234.1234)
    geometry = GeometryWire(**numbers, bones=(1234.1234,) * 4)  # type: ignore[arg-type]
    record = InputRecord(model=model, geometry=geometry, picture=picture, not_measured=reasons, measured=1, **about)  # type: ignore[arg-type]
    assert 1000 < len(to_bytes(record)) <= MAX_BYTES
    worst = tuple(Doubtful(frame=10**6, time_s=12345.123, why="measured", px=1234.12, value=180.123) for _ in range(8))
    doubt = Disagreement(
        champion=model,
        challenger=model,
        disagreed=1,
        measured_by=(1, 2, 3, 4),
        worst=worst,
        **about,  # type: ignore[arg-type]
    )
    assert 1000 < len(to_bytes(doubt)) <= MAX_BYTES
