"""Rails, cables and table legs between camera and patient."""

import numpy as np
from jaxtyping import Float

from pipeline.synthetic.render import Layer, paint_strip

Edges = Float[np.ndarray, "2 2 2"]
"""Left and right edge of a rail, each with its top and bottom point, pixels."""


def draw_rails(rng: np.random.Generator, view: str, width: int, height: int) -> tuple[Edges, ...]:
    """Draw what stands before a person: now and then a pole or a cable, often the two rails of a treadmill."""
    rails = []
    if view != "stand" and rng.uniform() < 0.12:
        at = rng.uniform(0.15, 0.85) * width + rng.normal(0, 0.1 * width, 2)
        rails.append(_rail(at[0], at[1], rng.uniform(0.006, 0.035) * width, height))
    if view == "treadmill" and rng.uniform() < 0.4:
        thick, lean, inset = (
            rng.uniform(0.015, 0.05) * width,
            rng.uniform(0, 0.1) * width,
            rng.uniform(0.02, 0.2) * width,
        )
        rails.append(_rail(inset + lean, inset, thick, height))
        rails.append(_rail(width - inset - lean, width - inset, thick, height))
    return tuple(rails)


def _rail(top: float, bottom: float, thick: float, height: int) -> Edges:
    left = np.array([[top, -2.0], [bottom, height + 2.0]])
    return np.stack([left, left + np.array([thick, 0.0])])


def paint_rail(rail: Edges, image: Float[np.ndarray, "H W 3"]) -> Layer:
    """Paint a rail over the image; return its layer, which says what it hides."""
    layer = Layer.of(image, rail.reshape(4, 2), 2)
    metal = np.float32(60) + np.float32(120) * np.array([[[0.3], [0.9], [1.0], [0.6], [0.2]]], np.float32)
    texture = np.repeat(np.repeat(metal.reshape(1, 5, 1), 2, axis=0), 3, axis=2)
    paint_strip(layer, rail, np.array([0.0, 1.0]), np.ones(2), texture)
    layer.onto(image)
    return layer
