"""Scars and hair on the texture of a leg, whose rows run down the leg and whose columns run across it."""

import cv2
import numpy as np
from jaxtyping import Float

Texture = Float[np.ndarray, "H W 3"]

_LEG = (0.05, 0.66)  # rows of the skin between knee and shoe, as shares of the texture
_NARROW = 4.5  # rows that are as long on the leg as one column is wide
_FINE = 3  # fractional bits of the coordinates that OpenCV gets


def draw_scars(texture: Texture, rng: np.random.Generator) -> Texture:
    """Return the texture with one to three scars: paler or redder lines, some with the dots of stitches."""
    marked = texture.copy()
    rows, columns = texture.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        start = np.array([rng.uniform(0.15, 0.85) * columns, rng.uniform(*_LEG) * rows])
        reach = rng.uniform(4, 30) * np.array([1, _NARROW])
        angle = rng.uniform(0, np.pi)
        bend = rng.normal(0, 1.5, (5, 2)) * [1, _NARROW]
        path = start + np.linspace(0, 1, 5)[:, None] * reach * [np.cos(angle), np.sin(angle)] + bend
        cover = _line(texture.shape[:2], path, int(rng.integers(1, 4)), 1.0)
        if rng.random() < 0.5:
            for x, y in path:
                for side in (-1, 1):
                    at = np.array([[x + 2 * side, y], [x + 2.5 * side, y + _NARROW]])
                    cover = np.maximum(cover, _line(texture.shape[:2], at, 1, 0.8))
        factor = rng.uniform(1.1, 1.45) if rng.random() < 0.6 else rng.uniform(0.55, 0.85)
        tint = np.array([1.0, 0.93, 0.93]) * factor
        marked = marked * (1 + cover[..., None] * (tint - 1))
    return np.clip(marked, 0, 255).astype(texture.dtype)


def draw_hair(texture: Texture, rng: np.random.Generator) -> Texture:
    """Return the texture with hair: long and dense, short, or in a patch; darker than the skin, seldom fairer."""
    rows, columns = texture.shape[:2]
    cover = np.zeros((rows, columns), np.float32)
    length, lean = rng.uniform(3, 16), rng.normal(0, 0.35)
    low, high = (np.array(_LEG) * rows).tolist()
    if rng.random() < 0.3:
        low = rng.uniform(low, high - 0.15 * rows)
        high = low + 0.15 * rows
    for _ in range(int(rng.uniform(150, 1500) * (high - low) / rows)):
        start = np.array([rng.uniform(0, columns), rng.uniform(low, high)])
        step = np.array([rng.normal(lean, 0.4) * length / _NARROW, rng.uniform(0.4, 1) * length])
        _onto(cover, np.stack([start, start + step]), 1, float(rng.uniform(0.2, 0.8)))
    factor = rng.uniform(0.15, 0.6) if rng.random() < 0.85 else rng.uniform(1.1, 1.35)
    return np.clip(texture * (1 + cover[..., None] * (factor - 1)), 0, 255).astype(texture.dtype)


def _line(
    size: tuple[int, int], path: Float[np.ndarray, "P 2"], width: int, strength: float
) -> Float[np.ndarray, "H W"]:
    cover = np.zeros(size, np.float32)
    _onto(cover, path, width, strength)
    return cover


def _onto(cover: Float[np.ndarray, "H W"], path: Float[np.ndarray, "P 2"], width: int, strength: float) -> None:
    points = np.round(path * 2**_FINE).astype(np.int32)
    cv2.polylines(cover, [points], False, strength, width, cv2.LINE_AA, _FINE)
