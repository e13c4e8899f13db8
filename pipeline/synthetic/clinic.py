"""One clinic: people who are filmed with the same set-up, so that a change of the set-up can be studied."""

from dataclasses import dataclass

import numpy as np

HEIGHTS = (0.12, 0.6)
"""Lowest and highest camera above the floor, metres, over all clinics."""


@dataclass(frozen=True)
class Clinic:
    """A set-up. What it does not name is drawn from its seed, once for all people.

    Attributes:
        seed: Seed of the set-up.
        light: Name of the light.
        markers: Name of the kind of markers.
        height: Lowest and highest camera above the floor, metres.
    """

    seed: int
    light: str
    markers: str
    height: tuple[float, float]

    def rng(self, of: int) -> np.random.Generator:
        """Return the source of the choices of one part of the set-up, the same for each person."""
        return np.random.default_rng([self.seed, of])
