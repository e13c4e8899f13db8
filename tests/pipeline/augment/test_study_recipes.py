"""The augmentations of the published study by name. Its zoom left false labels; here that cannot happen."""

from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelstrike.errors import UserError
from heelstrike.preprocess.settings import InputSize
from pipeline.augment.recipe import Recipe
from pipeline.augment.settings import AugmentSettings, RecipeName
from pipeline.params import parse_params
from pipeline.problem import Problem

WIDTH, HEIGHT = 96, 80
PROBLEM = Problem(
    keypoints=("left", "right", "middle"),
    flip_pairs=(("left", "right"),),
    input=InputSize(width=WIDTH, height=HEIGHT),
)
ZOOMS = {"zoom_1_4": 1.4, "zoom_1_5": 1.5, "zoom_1_6": 1.6}
CENTRE, CORNER = np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2]), np.array([WIDTH, HEIGHT]) - 0.5
POINTS = np.array([[30.0, 30], [60, 32], [47, 60]], np.float32)
BOX = np.array([20.0, 20, 50, 50], np.float32)


def chosen(*names: str, **given_too: Any) -> AugmentSettings:
    return AugmentSettings.model_validate({"recipe": list(names), **given_too})


def made(augment: Recipe, seed: int) -> tuple[Any, Any, Any, Any]:
    image = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    return augment(image, POINTS, np.full(3, 2, np.uint8), BOX, seed)


def test_every_name_is_a_recipe_that_changes_something() -> None:
    for name in get_args(RecipeName):
        augment, untouched = Recipe(chosen(name), PROBLEM), made(Recipe(chosen(name, **OFF), PROBLEM), 0)[0]
        assert {bool((made(augment, seed)[0] != untouched).any()) for seed in range(12)} == {True, False}, name


OFF = dict.fromkeys(("flip", "zoom", "colour", "saturation"), 0.0)


def test_a_flip_is_a_flip_and_nothing_else() -> None:
    augment = Recipe(chosen("y_axis_flip"), PROBLEM)
    image, swapped = made(Recipe(chosen("y_axis_flip", flip=0), PROBLEM), 0)[0], POINTS[[1, 0, 2]]
    mirrored = np.stack([WIDTH - 1 - swapped[:, 0], swapped[:, 1]], axis=1)
    outcomes = set()
    for seed in range(20):
        pixels, points, _, _ = made(augment, seed)
        flipped = bool((points != POINTS).any())
        outcomes.add(flipped)
        np.testing.assert_array_equal(pixels, image[:, ::-1] if flipped else image)
        np.testing.assert_allclose(points, mirrored if flipped else POINTS, atol=1e-4)
    assert outcomes == {True, False}


def test_colours_move_no_label() -> None:
    augment = Recipe(chosen("colour_shift"), PROBLEM)
    for seed in range(5):
        _, points, _, box = made(augment, seed)
        np.testing.assert_array_equal(points, POINTS)
        np.testing.assert_array_equal(box, BOX)


def test_several_together_and_what_is_given_beside_them_counts() -> None:
    together = chosen("y_axis_flip", "zoom_1_6", "zoom_1_4", noise=0.3)
    assert (together.flip, together.zoom, together.zoom_range, together.noise) == (0.5, 0.5, (1.4, 1.6), 0.3)
    assert (together.tilt, together.shift, together.colour) == (0, 0, 0)
    assert AugmentSettings.model_validate(together.model_dump(mode="json")) == together
    assert AugmentSettings.model_validate({"recipe": []}) == AugmentSettings()


def test_an_unknown_recipe_is_refused() -> None:
    section = {"problem": {"keypoints": ["a"]}, "collect": {"sources": [{"kind": "csv"}]}, "model": {"name": "spatial"}}
    with pytest.raises(UserError, match=r"p\.augment\.recipe\.0: Input should be 'y_axis_flip'.*found 'zoom_9'"):
        parse_params({"problems": ["p"], "p": section | {"augment": {"recipe": ["zoom_9"]}}})


@settings(deadline=None, max_examples=150)
@given(
    name=st.sampled_from(sorted(ZOOMS)),
    points=st.lists(st.tuples(st.floats(-0.5, WIDTH - 0.51), st.floats(-0.5, HEIGHT - 0.51)), min_size=3, max_size=3),
    visibility=st.lists(st.sampled_from([0, 1, 2]), min_size=3, max_size=3),
    margin=st.floats(0, 100),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_zoom_never_leaves_a_false_label(
    name: str, points: list[tuple[float, float]], visibility: list[int], margin: float, seed: int
) -> None:
    keypoints, visible = np.array(points, np.float32), np.array(visibility, np.uint8)
    low, high = np.clip([keypoints.min(axis=0) - margin, keypoints.max(axis=0) + margin], -0.5, CORNER)
    keypoints[visible == 0] = np.nan
    box = np.concatenate([low, high - low]).astype(np.float32)
    augment = Recipe(chosen(name, zoom=1.0), PROBLEM)
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[0, 0] = 255  # leaves the image if it was zoomed
    pixels, moved, moved_visibility, moved_box = augment(image, keypoints, visible, box, seed)
    factor = 1.0 if pixels[0, 0, 0] else ZOOMS[name]
    # true position of each point in the augmented image
    truth = CENTRE + factor * (keypoints.astype(np.float64) - CENTRE)
    labelled = moved_visibility > 0
    np.testing.assert_allclose(moved[labelled], truth[labelled], atol=1e-3)
    assert (truth[labelled] >= -0.5 - 1e-3).all()
    assert (truth[labelled] <= CORNER + 1e-3).all()
    gone = (visible > 0) & ~labelled
    assert ((truth[gone] < -0.5 + 1e-3) | (truth[gone] > CORNER - 1e-3)).any(axis=1).all(), "a visible point was lost"
    assert np.isnan(moved[~labelled]).all()
    assert (moved_visibility[labelled] == visible[labelled]).all()
    start, end = moved_box[:2], moved_box[:2] + moved_box[2:]
    assert (start >= -0.5).all()
    assert (end <= CORNER + 1e-3).all()
    assert (moved[labelled] >= start - 1e-3).all()
    assert (moved[labelled] <= end + 1e-3).all()
