"""Signed distances from ellipsoids and their smooth unions, and the blending of tissues over a soft edge."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

Points = Float[np.ndarray, "N 3"]
Field = Float[np.ndarray, "N"]
_EDGE = 0.5  # millimetres over which one tissue becomes another


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid in the head's coordinates.

    Attributes:
        centre: Centre, millimetres.
        half: Half axes, millimetres.
        pitch: Rotation about x in degrees, positive turns the front up.
    """

    centre: tuple[float, float, float]
    half: tuple[float, float, float]
    pitch: float = 0.0


def both_sides(centre: tuple[float, float, float], half: tuple[float, float, float]) -> tuple[Ellipsoid, Ellipsoid]:
    """Return an ellipsoid and its mirror image."""
    x, y, z = centre
    return Ellipsoid((x, y, z), half), Ellipsoid((-x, y, z), half)


def distance(points: Points, solid: Ellipsoid) -> Field:
    """Return the distance from the surface to first order, negative inside. It is exact on the surface."""
    rest = points - np.array(solid.centre, points.dtype)
    if solid.pitch:
        angle = np.radians(solid.pitch)
        cosine, sine = np.cos(angle), np.sin(angle)
        y, z = rest[:, 1] * cosine + rest[:, 2] * sine, rest[:, 2] * cosine - rest[:, 1] * sine
        rest = np.stack([rest[:, 0], y, z], axis=1)
    half = np.array(solid.half, points.dtype)
    size, steep = _lengths(rest / half), _lengths(rest / half**2)
    # the slope is unknown at the very centre; there the smallest half axis is the distance
    slope = np.divide(steep, size, out=np.full_like(size, 1 / min(solid.half)), where=size > 1e-6)
    return (size - 1) / slope


def _lengths(vectors: Points) -> Field:
    # several times as fast as np.linalg.norm along an axis of three
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", vectors, vectors)))


def union(points: Points, solids: Sequence[Ellipsoid], rounding: float) -> Field:
    """Return the distance from the union of solids, with seams rounded by `rounding` millimetres."""
    distances = np.stack([distance(points, solid) for solid in solids])
    least = distances.min(axis=0)
    return least - rounding * np.log(np.exp((least - distances) / rounding).sum(axis=0))


def blend(below: Field, filling: Field | float, distances: Field) -> Field:
    """Return `below`, covered by `filling` where the distance is negative."""
    cover = 1 / (1 + np.exp(np.clip(distances / _EDGE, -30, 30)))
    return below + (filling - below) * cover


def falloff(values: Field, full: float, zero: float) -> Field:
    """Return 1 up to `full`, 0 from `zero` on, and a smooth step between them."""
    share = np.clip((zero - values) / (zero - full), 0, 1)
    return share * share * (3 - 2 * share)
