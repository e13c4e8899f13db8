"""Augmentation of any number of boxes, and of images without keypoints."""

import numpy as np

from heelstrike.preprocess.settings import InputSize
from pipeline.augment.geometry import make_move
from pipeline.augment.labels import move_objects
from pipeline.augment.recipe import build_recipes
from pipeline.augment.sample import Sample
from pipeline.augment.settings import AugmentSettings
from pipeline.problem import Problem

OFF = dict.fromkeys(("flip", "zoom", "tilt", "shift", "colour", "saturation", "negative", "blur", "noise"), 0.0)
OBJECTS = np.array([[10, 12, 20, 8, 1], [50, 2, 10, 10, 0], [np.nan] * 5], np.float32)


def test_a_mirror_keeps_sizes_and_classes() -> None:
    moved = move_objects(make_move(64, 48, True, 1.0, 0.0, (0, 0)), OBJECTS, 64, 48)
    assert moved[0].tolist() == [64 - 1 - 10 - 20, 12, 20, 8, 1]
    assert np.isnan(moved[2]).all()


def test_what_has_left_the_image_is_no_label() -> None:
    moved = move_objects(make_move(64, 48, False, 1.0, 0.0, (8, 0)), OBJECTS, 64, 48)
    assert moved[0].tolist() == [18, 12, 20, 8, 1]
    assert moved[1, :4].tolist() == [58, 2, 5.5, 10]
    gone = move_objects(make_move(64, 48, False, 1.0, 0.0, (12, 0)), OBJECTS, 64, 48)
    assert np.isnan(gone[1]).all()


def test_views_show_one_picture_differently_and_pictures_without_keypoints_move() -> None:
    problem = Problem(classes=("a", "b"), input=InputSize(width=64, height=48))
    settings = AugmentSettings.model_validate({"views": [OFF, OFF | {"shift": 1.0, "shift_fraction": 0.4}]})
    recipes = build_recipes(settings, problem)
    assert len(recipes) == 2
    image = np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)
    nothing = np.empty((0, 2), np.float32), np.empty(0, np.uint8)
    sample = Sample(image, *nothing, np.array([-0.5, -0.5, 64, 48], np.float32), np.empty((0, 5), np.float32))
    first, second = (recipe.apply(sample, 3) for recipe in recipes)
    assert np.array_equal(first.image, image)
    assert not np.array_equal(second.image, image)
