"""Light, and the conversion of reflected light to 8-bit values.

Colours are linear RGB, 0 to 1, until `display` or `Light.shade` converts them to 8-bit values.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Light:
    """One main light and ambient light.

    Attributes:
        name: Name of the light; it is recorded as the slice `lighting`.
        direction: Unit vector towards the light (3,); z is negative for a light on the camera's side.
        ambient: Strength of the light that comes from all directions.
        diffuse: Strength of the main light.
        colour: Colour of the light, RGB around 1.
        scene: Brightness of the background relative to the legs.
        noise: Standard deviation of the sensor noise, 8-bit levels.
    """

    name: str
    direction: Float[np.ndarray, "3"]
    ambient: float
    diffuse: float
    colour: Float[np.ndarray, "3"]
    scene: float
    noise: float

    def shade(self, reflected: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """Convert reflected light to 8-bit values (float), after multiplying it by this light's colour."""
        return 255 * np.clip(reflected * self.colour, 0, 1) ** (1 / 2.2)

    def flat(self, albedo: Float[np.ndarray, "3"], share: float) -> Float[np.ndarray, "3"]:
        """Return the 8-bit values (float) of a surface that gets a share of the main light."""
        return self.shade(albedo * (self.ambient + share * self.diffuse))


# name: direction (x, y, z), ambient, diffuse, colour, scene, noise; draws scatter around these values
_LIGHTS: dict[str, tuple[tuple[float, float, float], float, float, tuple[float, float, float], float, float]] = {
    "even": ((0.2, 0.8, -0.7), 0.45, 0.65, (1.0, 1.0, 1.0), 0.9, 2.5),
    "bright": ((-0.3, 0.7, -0.8), 0.55, 0.95, (1.0, 0.99, 0.97), 1.2, 1.5),
    "dim": ((0.1, 0.9, -0.5), 0.13, 0.22, (1.0, 0.95, 0.88), 0.25, 6.0),
    "side": ((0.95, 0.3, -0.35), 0.16, 0.95, (1.0, 0.98, 0.95), 0.7, 3.0),
    "warm": ((0.2, 0.9, -0.4), 0.3, 0.6, (1.15, 0.95, 0.68), 0.7, 3.5),
    "cool": ((-0.2, 0.8, -0.6), 0.35, 0.55, (0.88, 1.0, 1.15), 0.8, 3.0),
    "backlit": ((0.3, 0.6, 0.75), 0.22, 0.8, (1.0, 1.0, 1.02), 1.5, 3.5),
}
LIGHTS = tuple(_LIGHTS)


def draw_light(name: str, rng: np.random.Generator) -> Light:
    """Draw a light of the named kind."""
    direction, ambient, diffuse, colour, scene, noise = _LIGHTS[name]
    towards = np.array(direction) * [rng.choice([-1, 1]), 1, 1] + rng.normal(0, 0.12, 3)
    return Light(
        name=name,
        direction=towards / np.linalg.norm(towards),
        ambient=ambient * rng.uniform(0.8, 1.2),
        diffuse=diffuse * rng.uniform(0.8, 1.2),
        colour=np.array(colour) * rng.normal(1, 0.03, 3),
        scene=scene * rng.uniform(0.8, 1.2),
        noise=noise * rng.uniform(0.6, 1.4),
    )


def linear(srgb: tuple[float, ...] | Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
    """Convert 8-bit sRGB values to linear light."""
    return (np.asarray(srgb, np.float64) / 255) ** 2.2


def display(light: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
    """Convert linear light to 8-bit values as float32, not rounded. Highlights are rolled off as in a camera."""
    rolled = np.where(light > 0.7, 0.7 + 0.3 * np.tanh((light - 0.7) / 0.3), light)
    return (255 * np.clip(rolled, 0, 1) ** (1 / 2.2)).astype(np.float32)


def speckle(rng: np.random.Generator, shape: tuple[int, int], cell: tuple[float, float]) -> Float[np.ndarray, "H W"]:
    """Return smooth noise of unit standard deviation whose grains are `cell` (rows, columns) pixels large."""
    small = (max(2, round(shape[0] / cell[0])), max(2, round(shape[1] / cell[1])))
    field = rng.standard_normal(small).astype(np.float32)
    return cv2.resize(field, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
