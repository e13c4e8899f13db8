"""Answers from several frames: gaps are bridged, people are not mixed, and what is refused for good stays refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

from heelstrike.cli import app
from heelstrike.errors import UserError
from heelstrike.heads.prediction import Prediction, Refusal
from heelstrike.measure.radii import Radii
from heelstrike.model import load
from heelstrike.package.image import ArrayImage
from heelstrike.package.manifest import MANIFEST
from heelstrike.package.runtime import Package
from heelstrike.package.temporal import GRAPH, TemporalModel
from heelstrike.predict.over_time import over_time
from heelstrike.reasons import Reason
from heelstrike.results import PredictionResult, read_result
from heelstrike.video.reader import Frame
from heelstrike.video.writer import write_video
from tests.packages import LEFT, SHARES, add_temporal_graph, make_package, sign

BLANK = ArrayImage(np.zeros((100, 100, 3), np.uint8))
LEGS = np.array(SHARES) * 100
RADII = Radii(
    level=0.9,
    subjects=20,
    difficulty=((1.0, 2.0),),
    factors=(1.0,) * 6,
    enlarged=((4.0, 2.0),),
    quantities={"left": 1.0, "right": 1.0},
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("temporal") / "package"
    make_package(path, temporal=add_temporal_graph(path), radii=RADII)
    return path


@pytest.fixture(scope="module")
def model(folder: Path) -> TemporalModel:
    temporal = Package.load(folder, threads=1).temporal
    assert temporal is not None
    return temporal


def legs(time: float, lost: tuple[int, ...] = (), left: float = 0.0, refusal: Refusal | None = None) -> Prediction:
    """Legs that move by 50 pixels a second."""
    confidence = np.full(6, 0.9, np.float32)
    confidence[list(lost)] = 0.1
    points = (LEGS + np.array([left + 50 * time, 0])).astype(np.float32)
    points[list(lost)] = -1000
    return Prediction(points, confidence, radius=np.full(6, 2.0), refusal=refusal)


def answers(
    model: TemporalModel,
    predictions: list[Prediction],
    times: list[float] | None = None,
    picture: ArrayImage = BLANK,
    mirrored: bool = False,
) -> list[Prediction]:
    stamps = [n / 25 for n in range(len(predictions))] if times is None else times
    frames = [Frame(n, time, picture) for n, time in enumerate(stamps)]
    answered = list(over_time(zip(frames, predictions, strict=True), model, mirrored))
    assert [frame.number for frame, _ in answered] == list(range(len(predictions)))
    return [prediction for _, prediction in answered]


def points(prediction: Prediction) -> np.ndarray:
    assert prediction.keypoints is not None
    return prediction.keypoints


def test_a_missing_marker_is_answered_from_the_frames_around_it(model: TemporalModel) -> None:
    found = answers(model, [legs(n / 25, lost=(1,) if n in (4, 5) else ()) for n in range(10)])
    for n, each in enumerate(found):
        np.testing.assert_allclose(points(each), LEGS + np.array([50 * n / 25, 0]), atol=1e-3)
        assert each.from_frames == min(n, 2) + 1 + min(9 - n, 2)
        assert each.confidence is not None and (each.confidence >= 0.5).all()
        assert each.radius is not None
        wanted = np.full(6, 0.015 * 40)  # factor, spread, and the legs' height of 40 pixels
        wanted[1] = 0.025 * 40 if n in (4, 5) else wanted[1]
        np.testing.assert_allclose(each.radius, wanted, rtol=1e-4)


def test_a_frame_in_which_nothing_is_found_is_answered_and_no_longer_refused(model: TemporalModel) -> None:
    refusal = Refusal(Reason.NOT_FOUND, "nothing there")
    lost = replace(legs(4 / 25, lost=tuple(range(6))), refusal=refusal)
    found = answers(model, [lost if n == 4 else legs(n / 25) for n in range(9)])
    assert found[4].refusal is None and found[4].from_frames == 4
    np.testing.assert_allclose(points(found[4]), LEGS + np.array([8, 0]), atol=1e-3)


@pytest.mark.parametrize("reason", [Reason.TOO_SMALL, Reason.SEVERAL_PEOPLE])
def test_what_time_cannot_mend_stays_refused(model: TemporalModel, reason: Reason) -> None:
    refused = legs(4 / 25, refusal=Refusal(reason, "no"))
    found = answers(model, [refused if n == 4 else legs(n / 25) for n in range(9)])
    assert found[4] is refused


def test_a_radius_that_is_too_large_leaves_the_marker_missing(folder: Path, tmp_path: Path) -> None:
    settings = add_temporal_graph(tmp_path).model_copy(update={"filled": 3.5})  # 3.5 % of the size; 3 % are allowed
    make_package(tmp_path, temporal=settings, radii=RADII)
    strict = Package.load(tmp_path, threads=1).temporal
    assert strict is not None
    refusal = Refusal(Reason.LOOKS_DIFFER, "two looks differ")
    found = answers(strict, [legs(n / 25, *(((1,), 0, refusal) if n == 4 else ())) for n in range(9)])
    assert found[4].refusal == refusal and points(found[4])[1, 0] == -1000 and found[4].from_frames is None


def test_without_enough_people_nothing_missing_is_answered(tmp_path: Path) -> None:
    settings = add_temporal_graph(tmp_path).model_copy(update={"seen": None, "filled": None})
    make_package(tmp_path, temporal=settings, radii=RADII)
    unlimited = Package.load(tmp_path, threads=1).temporal
    assert unlimited is not None
    found = answers(unlimited, [legs(n / 25, lost=(1,) if n == 4 else ()) for n in range(9)])
    assert found[4].confidence is not None and found[4].confidence[1] < 0.5
    assert found[3].radius is not None and np.isinf(found[3].radius).all()


def test_without_corrections_only_the_missing_marker_is_answered(tmp_path: Path) -> None:
    settings = add_temporal_graph(tmp_path).model_copy(update={"corrects": False})
    make_package(tmp_path, temporal=settings, radii=RADII)
    filling = Package.load(tmp_path, threads=1).temporal
    assert filling is not None
    given = [legs(n / 25, lost=(1,) if n == 4 else ()) for n in range(9)]
    found = answers(filling, given)
    assert all(found[n] is given[n] for n in range(9) if n != 4)
    assert found[4].from_frames == 5 and found[4].radius is not None
    np.testing.assert_allclose(points(found[4]), LEGS + np.array([8, 0]), atol=1e-3)
    np.testing.assert_allclose(found[4].radius, [2, 0.025 * 40, 2, 2, 2, 2], rtol=1e-4)


def test_radii_grow_where_a_small_picture_is_enlarged_whole(model: TemporalModel) -> None:
    """Without zoom the input of 64 pixels enlarges 32 pixels twice, where the radii's factor is 4 / 3."""
    small = ArrayImage(np.zeros((32, 32, 3), np.uint8))
    found = answers(model, [legs(n / 25) for n in range(5)], picture=small)[2]
    assert found.radius is not None
    np.testing.assert_allclose(found.radius, 0.015 * 40 * 4 / 3, rtol=1e-4)
    tiny = ArrayImage(np.zeros((12, 12, 3), np.uint8))  # beyond what the radii were calibrated for
    beyond = answers(model, [legs(n / 25) for n in range(5)], picture=tiny)[2]
    assert beyond.radius is not None and np.isinf(beyond.radius).all()


@pytest.mark.parametrize(("mirrored", "side"), [(False, 1), (True, -1)])
def test_mirrored_videos_are_answered_as_the_mirror_images_that_were_learned(
    tmp_path: Path, mirrored: bool, side: int
) -> None:
    make_package(tmp_path, temporal=add_temporal_graph(tmp_path, shift=0.1), radii=RADII)
    moving = Package.load(tmp_path, threads=1).temporal
    assert moving is not None
    found = answers(moving, [legs(n / 25) for n in range(5)], mirrored=mirrored)[2]
    np.testing.assert_allclose(points(found), LEGS + np.array([50 * 2 / 25 + side * 0.1 * 40, 0]), atol=1e-3)


def test_an_answer_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    settings = add_temporal_graph(tmp_path)
    graph = onnx.load(tmp_path / GRAPH)
    (shift,) = (each for each in graph.graph.initializer if each.name == "shift")
    shift.CopyFrom(onnx.numpy_helper.from_array(np.array([np.nan, 0], np.float32), "shift"))
    onnx.save(graph, tmp_path / GRAPH)
    make_package(tmp_path, temporal=settings, radii=RADII)
    broken = Package.load(tmp_path, threads=1).temporal
    assert broken is not None
    with pytest.raises(UserError, match=r"temporal\.onnx: it answers with numbers that are not finite"):
        answers(broken, [legs(n / 25) for n in range(5)])


def test_two_people_are_not_mixed(model: TemporalModel) -> None:
    """The patient is lost, and another one is followed who stands elsewhere."""
    here, there = [legs(0) for _ in range(5)], [legs(0, left=200) for _ in range(5)]
    found = answers(model, [*here, legs(0, lost=tuple(range(6))), *there])
    for n, each in enumerate(found[:5]):
        np.testing.assert_allclose(points(each), points(here[n]), atol=1e-3)
    assert found[5].from_frames is None
    np.testing.assert_allclose(points(found[6]), points(there[0]), atol=1e-3)


def test_a_gap_in_time_is_not_bridged(model: TemporalModel) -> None:
    times = [0, 0.04, 0.08, 0.12, 3.0, 3.04, 3.08, 3.12]
    found = answers(model, [legs(t, lost=(1,) if n in (3, 4) else ()) for n, t in enumerate(times)], times)
    assert [each.from_frames for each in found] == [3, 4, 4, 3, 3, 4, 4, 3]
    assert found[3].confidence is not None and found[3].confidence[1] < 0.5


@pytest.mark.parametrize("times", [[0, 0.04, 0.08, 0.08, 0.12, 0.16], [0.2, 0.16, 0.12, 0.08, 0.04, 0], [5.0] * 6])
def test_time_stamps_that_do_not_rise_end_the_window(model: TemporalModel, times: list[float]) -> None:
    given = [legs(0) for _ in times]
    for own, each in zip(given, answers(model, given, times), strict=True):
        np.testing.assert_allclose(points(each), points(own), atol=1e-3)


def test_few_frames_wait_at_a_high_frame_rate(model: TemporalModel) -> None:
    taken = 0

    def frames() -> object:
        nonlocal taken
        for n in range(400):
            taken = n
            yield Frame(n, n / 1000, BLANK), legs(n / 1000)

    most = max(taken - frame.number for frame, _ in over_time(frames(), model))  # type: ignore[arg-type]
    assert most <= 32


def test_a_window_without_a_middle_is_refused(tmp_path: Path) -> None:
    make_package(tmp_path, temporal=add_temporal_graph(tmp_path), radii=RADII)
    sign(tmp_path, temporal=json.loads((tmp_path / MANIFEST).read_text())["temporal"] | {"slots": 4})
    with pytest.raises(UserError, match=r"temporal\.slots: .*4 slots have no middle one, expected an odd number"):
        Package.load(tmp_path, threads=1)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("video") / "walk.mp4"
    shades = [0 if n in (5, 6) else 150 for n in range(12)]
    write_video(path, (np.full((120, 160, 3), shade, np.uint8) for shade in shades), 25)
    return path


class TestPackage:
    """A package with a temporal model, on a video of which two frames are dark."""

    def test_dark_frames_are_measured_and_results_say_so(self, folder: Path, walk: Path, tmp_path: Path) -> None:
        load(package=folder, threads=1).write(walk, tmp_path)
        result = read_result(tmp_path / "walk.mp4.json")
        assert isinstance(result, PredictionResult)
        assert [frame.from_frames for frame in result.frames] == [3, 4, 5, 4, 3, 3, 3, 3, 4, 5, 4, 3]
        assert result.summary.measured == 12
        dark = result.frames[5].measure
        assert dark is not None and dark.half_widths["left"] is not None
        rows = (tmp_path / "walk.mp4.csv").read_text().splitlines()
        assert rows[0].endswith(",people,from_frames") and rows[6].endswith(",,3")

    def test_per_frame_turns_it_off(self, folder: Path, walk: Path) -> None:
        result = load(package=folder, threads=1, per_frame=True).predict(walk)
        assert {frame.from_frames for frame in result.frames} == {None}
        assert result.summary.not_measured == {"no_legs": 2}

    def test_per_frame_is_an_option_of_the_command(self, folder: Path, walk: Path, tmp_path: Path) -> None:
        words = ["predict", str(walk), "--package", str(folder), "--out", str(tmp_path), "--per-frame"]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0 and "10 of 12 frames measured" in done.output
        result = read_result(tmp_path / "walk.mp4.json")
        assert isinstance(result, PredictionResult)
        assert {frame.from_frames for frame in result.frames} == {None}

    def test_a_still_picture_is_what_it_was(self, folder: Path) -> None:
        still = np.full((120, 160, 3), 150, np.uint8)
        with_time, without = (
            load(package=folder, threads=1, per_frame=off).predict_image(still) for off in (False, True)
        )
        assert with_time.from_frames is None and with_time.values == without.values
        assert with_time.half_widths == without.half_widths

    def test_a_package_that_lacks_its_graph_or_has_another_one_is_refused(self, folder: Path, tmp_path: Path) -> None:
        make_package(tmp_path / "a", temporal=add_temporal_graph(tmp_path / "b"))
        with pytest.raises(UserError, match=r"has `temporal`, but does not list temporal\.onnx"):
            Package.load(tmp_path / "a")
        sign(folder.parent / "package", temporal=add_temporal_graph(tmp_path / "c").model_dump() | {"slots": 7})
        with pytest.raises(UserError, match=r"points has the shape \[1, 5, 6, 2\], expected \[1, 7, 6, 2\]"):
            Package.load(folder)
        sign(folder, temporal=add_temporal_graph(tmp_path / "c").model_dump())
        assert LEFT[0] in Package.load(folder).manifest.category.keypoints
