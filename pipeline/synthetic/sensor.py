"""What a camera makes of the light: exposure, white balance, flicker, blur of the lens, noise and sharpening."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from pipeline.synthetic.light import Light

MARGIN = 64
"""Pixels by which the stored noise is larger than an image, so that every frame gets another part of it."""


@dataclass(frozen=True)
class Sensor:
    """A camera's sensor and its processing.

    Attributes:
        gain: Factor of each colour's 8-bit values (3,): exposure and white balance.
        flicker: Largest change of brightness by the bands that a rolling shutter shows under flickering light.
        band: Length of such a band, as a share of the image's height.
        lens: Standard deviation of the lens's blur, pixels.
        noise: Standard deviation of the noise, 8-bit levels.
        sharpening: Strength of the unsharp mask after the noise; 0 for none.
    """

    gain: Float[np.ndarray, "3"]
    flicker: float
    band: float
    lens: float
    noise: float
    sharpening: float

    def grain(self, height: int, width: int, rng: np.random.Generator) -> Int[np.ndarray, "H W 3"]:
        """Return noise that is `MARGIN` pixels larger than the images."""
        size = (height + MARGIN, width + MARGIN, 3)
        return np.rint(self.noise * rng.standard_normal(size, dtype=np.float32)).astype(np.int16)

    def develop(
        self, image: Float[np.ndarray, "H W 3"], grain: Int[np.ndarray, "h w 3"], time_s: float, at: tuple[int, int]
    ) -> UInt8[np.ndarray, "H W 3"]:
        """Return the picture of a frame: 8-bit values.

        Args:
            image: The light as 8-bit values in float32; it is changed.
            grain: Result of `grain`.
            time_s: Time of the frame, which moves the bands of flickering light.
            at: Row and column of the noise's part for this frame.
        """
        height, width = image.shape[:2]
        if self.flicker:
            phase = 2 * np.pi * (np.arange(height) / (self.band * height) + 7.3 * time_s)
            image *= (1 + self.flicker * np.sin(phase)).astype(np.float32)[:, None, None]
        if not (self.gain == 1).all():
            image *= self.gain.astype(np.float32)
        blurred = cv2.GaussianBlur(cv2.convertScaleAbs(image), (5, 5), self.lens)
        noisy = cv2.add(blurred, grain[at[0] : at[0] + height, at[1] : at[1] + width], dtype=cv2.CV_8U)
        if self.sharpening:
            soft = cv2.GaussianBlur(noisy, (5, 5), 1.2)
            noisy = cv2.addWeighted(noisy, 1 + self.sharpening, soft, -self.sharpening, 0)
        return np.asarray(noisy, np.uint8)


def draw_sensor(rng: np.random.Generator, light: Light, height: int) -> Sensor:
    """Draw a camera: some are far too dark or too bright, some sharpen, some show bands under flickering light."""
    exposure = float(rng.choice([1.0, rng.uniform(0.05, 0.6), rng.uniform(1.1, 1.7)], p=[0.78, 0.16, 0.06]))
    balance = rng.normal(1, 0.08, 3) if rng.uniform() < 0.5 else np.ones(3)
    return Sensor(
        gain=(exposure * np.clip(balance, 0.6, 1.5)) ** (1 / 2.2),
        flicker=float(rng.choice([0.0, rng.uniform(0.02, 0.12)], p=[0.88, 0.12])),
        band=rng.uniform(0.3, 2.0),
        lens=rng.uniform(0.45, 1.0) * height / 480 * float(rng.choice([1.0, rng.uniform(1, 2)], p=[0.85, 0.15])),
        noise=light.noise * (1.0 if exposure >= 1 else float(rng.uniform(0.8, 1.6))),
        sharpening=float(rng.choice([0.0, rng.uniform(0.3, 1.5)], p=[0.65, 0.35])),
    )
