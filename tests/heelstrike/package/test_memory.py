"""A view is looked at again only if something has come into it."""

import numpy as np

from heelstrike.package.memory import Memory
from heelstrike.package.view import View

VIEW = View(10, 20, 100)


def room(seed: int = 0, noise: float = 0) -> np.ndarray:
    coarse = np.random.default_rng(1).integers(40, 200, (16, 24)).repeat(10, axis=0).repeat(10, axis=1)
    image = coarse + np.random.default_rng(seed).normal(0, noise, coarse.shape)
    return np.clip(image[..., None].repeat(3, axis=2), 0, 255).astype(np.uint8)


def test_an_unchanged_view_is_not_worth_a_second_look_even_with_noise() -> None:
    memory = Memory()
    assert memory.is_worth_a_look(VIEW, room(0, 4))
    assert not memory.is_worth_a_look(VIEW, room(1, 4))
    assert memory.is_worth_a_look(View(0, 0, 100), room())


def test_a_view_into_which_something_small_comes_is() -> None:
    memory = Memory()
    memory.is_worth_a_look(VIEW, room())
    changed = room()
    changed[60:66, 60:66] += 40
    assert memory.is_worth_a_look(VIEW, changed)
    memory.forget()
    assert memory.is_worth_a_look(VIEW, changed)


def test_a_view_of_one_colour_shows_nothing() -> None:
    assert not Memory().is_worth_a_look(VIEW, np.full((200, 300, 3), 90, np.uint8))
