import ast
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from heelstrike.errors import UserError
from heelstrike.preprocess import filters
from heelstrike.preprocess.filters import FILTERS, VIDEO_FILTERS, VideoFilters, apply_filters
from heelstrike.preprocess.settings import FILTER_OPTIONS, OF_VIDEOS, Filter
from pipeline.params import parse_params


def photograph() -> np.ndarray:
    """A dim scene with a bright disc and a little noise."""
    rng = np.random.default_rng(4)
    image = np.full((120, 160, 3), (70, 60, 50), np.uint8)
    cv2.circle(image, (80, 60), 25, (120, 130, 90), -1)
    return np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)


def applied(name: str, **options: Any) -> np.ndarray:
    image = photograph()
    before = image.copy()
    result = apply_filters(image, [Filter(name=name, options=options)])
    np.testing.assert_array_equal(image, before)
    assert (result.shape, result.dtype) == (image.shape, np.uint8)
    return result


def test_every_filter_has_options_and_a_function() -> None:
    assert FILTERS.keys() | VIDEO_FILTERS.keys() == FILTER_OPTIONS.keys()
    assert not FILTERS.keys() & VIDEO_FILTERS.keys()
    assert VIDEO_FILTERS.keys() == OF_VIDEOS


def test_no_filter_is_the_image_itself() -> None:
    image = photograph()
    assert apply_filters(image, []) is image


def test_grayscale_has_three_equal_channels() -> None:
    gray = applied("grayscale")
    assert (gray == gray[..., :1]).all()


@pytest.mark.parametrize(("name", "factor"), [("clahe", 1.1), ("histogram_equalization", 2)])
def test_equalizing_raises_the_contrast(name: str, factor: float) -> None:
    assert applied(name)[..., 0].std() > factor * photograph()[..., 0].std()


@pytest.mark.parametrize("kind", ["gaussian", "bilateral"])
def test_noise_reduction_smooths_the_ground(kind: str) -> None:
    corner = np.s_[:25, :25, 0]
    assert applied("noise_reduction", kind=kind, sigma=2)[corner].std() < 0.6 * photograph()[corner].std()


def test_bilateral_keeps_the_edge_that_gaussian_smears() -> None:
    def edge(image: np.ndarray) -> float:
        return float(image[60, 101:104].mean() - image[60, 108:111].mean())

    sharp, smeared = (edge(applied("noise_reduction", kind=k, sigma=4)) for k in ("bilateral", "gaussian"))
    assert sharp > 1.3 * smeared


def test_edge_enhance_sharpens() -> None:
    def slope(image: np.ndarray) -> float:
        return float(np.abs(cv2.Sobel(cv2.GaussianBlur(image, (0, 0), 1), cv2.CV_32F, 1, 0)).max())

    assert slope(applied("edge_enhance", amount=2)) > 1.3 * slope(photograph())


def test_canny_is_edges_alone_or_over_the_colours() -> None:
    edges = applied("canny", low=100, high=200)
    assert set(np.unique(edges)) == {0, 255}
    over = applied("canny", low=100, high=200, over_colour=True)
    white = edges[..., 0] == 255
    np.testing.assert_array_equal(over[~white], photograph()[~white])
    assert (over[white] == 255).all()


def test_filters_are_applied_in_order() -> None:
    image = photograph()
    both = [Filter(name="histogram_equalization"), Filter(name="canny")]
    one_by_one = apply_filters(apply_filters(image, both[:1]), both[1:])
    np.testing.assert_array_equal(apply_filters(image, both), one_by_one)
    assert (apply_filters(image, both[::-1]) != one_by_one).any()


def walking(frames: int) -> list[np.ndarray]:
    """A still scene with sensor noise; a bright disc crosses it in the last twelve frames, ten pixels a frame."""
    scene, images = photograph(), []
    for n in range(frames):
        noise = np.random.default_rng(n).integers(-3, 4, scene.shape)
        image = np.clip(scene.astype(int) + noise, 0, 255).astype(np.uint8)
        cv2.circle(image, (130 - 10 * (frames - 1 - n), 20), 8, (250, 250, 250), -1)
        images.append(image)
    return images


class TestBackgroundSubtraction:
    FILTERS = [Filter(name="background_subtraction", options={"history": 50})]

    def test_what_moves_stays_and_what_does_not_is_black(self) -> None:
        chain, frames = VideoFilters(self.FILTERS), walking(40)
        *_, last = map(chain, frames)
        disc = np.zeros(last.shape[:2], np.uint8)
        cv2.circle(disc, (130, 20), 6, 1, -1)
        np.testing.assert_array_equal(last[disc == 1], frames[-1][disc == 1])
        assert (last[40:] > 0).any(axis=2).mean() < 0.02

    def test_passing_a_frame_by_leaves_the_same_memory(self) -> None:
        filters = [Filter(name="grayscale"), *self.FILTERS, Filter(name="edge_enhance")]
        looked, passed, frames = VideoFilters(filters), VideoFilters(filters), walking(12)
        for frame in frames[:-1]:
            looked(frame)
            passed.pass_by(frame)
        np.testing.assert_array_equal(looked(frames[-1]), passed(frames[-1]))

    def test_each_video_begins_anew(self) -> None:
        frames = walking(8)
        first, second = ([VideoFilters(self.FILTERS)(f) for f in frames][-1] for _ in range(2))
        np.testing.assert_array_equal(first, second)

    def test_a_still_image_is_refused(self) -> None:
        with pytest.raises(UserError, match="background_subtraction needs the preceding frames of a video"):
            apply_filters(photograph(), self.FILTERS)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"name": "sharpen"}, r"no filter is called 'sharpen'; there are grayscale, invert"),
        ({"name": "clahe", "options": {"clip": 3}}, r"options of clahe: clip: .*its options: clip_limit, tiles"),
        ({"name": "noise_reduction", "options": {"sigma": -1}}, r"sigma: Input should be greater than 0"),
        ({"name": "canny", "options": {"low": 9, "high": 3}}, r"low 9 is above high 3"),
    ],
)
def test_a_wrong_filter_is_refused_before_anything_runs(entry: dict[str, Any], message: str) -> None:
    section = {
        "problem": {"keypoints": ["a"]},
        "collect": {"sources": [{"kind": "csv"}]},
        "model": {"name": "spatial"},
        "prepare": {"filters": [entry]},
    }
    with pytest.raises(UserError, match=r"params.yaml: p\.prepare\.filters\.0") as error:
        parse_params({"problems": ["p"], "p": section})
    assert error.match(message)


def test_a_consumer_needs_only_numpy_and_opencv() -> None:
    tree = ast.parse(Path(filters.__file__).read_text())
    modules = {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    modules |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert modules == {"collections", "typing", "cv2", "numpy", "jaxtyping", "heelstrike"}


@pytest.mark.parametrize("name", FILTER_OPTIONS)
class TestEveryFilter:
    """What every registered filter must keep to, one of videos seen over a few frames."""

    def last(self, name: str, images: list[np.ndarray]) -> np.ndarray:
        chain = VideoFilters([Filter(name=name)])
        return [chain(image) for image in images][-1]

    @pytest.mark.parametrize("shape", [(120, 160), (1, 1), (3, 200), (97, 2)])
    def test_gives_bytes_of_the_same_shape_and_leaves_the_image_as_it_is(
        self, name: str, shape: tuple[int, int]
    ) -> None:
        images = [np.random.default_rng(n).integers(0, 256, (*shape, 3), np.uint8) for n in range(3)]
        before = [image.copy() for image in images]
        result = self.last(name, images)
        assert (result.shape, result.dtype) == ((*shape, 3), np.uint8)
        np.testing.assert_array_equal(images, before)

    def test_is_the_same_every_time(self, name: str) -> None:
        np.testing.assert_array_equal(self.last(name, walking(4)), self.last(name, walking(4)))

    def test_takes_an_image_that_is_a_view(self, name: str) -> None:
        """A mirrored image, or one with its channels exchanged, is not contiguous in memory."""
        images = [image[:, ::-1] for image in walking(4)]
        contiguous = [np.ascontiguousarray(image) for image in images]
        np.testing.assert_array_equal(self.last(name, images), self.last(name, contiguous))

    def test_refuses_options_that_it_has_not(self, name: str) -> None:
        with pytest.raises(ValueError, match=f"options of {name}: colour_of_the_sky"):
            Filter(name=name, options={"colour_of_the_sky": 1})

    def test_its_options_have_defaults_and_travel_as_json(self, name: str) -> None:
        one = Filter(name=name)
        again = Filter.model_validate_json(one.model_dump_json())
        assert again.checked_options() == one.checked_options()
