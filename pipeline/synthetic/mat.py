"""Prints of a fine inked mat (Harris) on an examiner's form: thin lines whose ink follows the foot's pressure.

Between the lines the paper stays white, so such a print is light, above all under the arch and the toes. Examiners draw
hatched bars where toes and heel end, and the form has a frame and a coloured band.
"""

import cv2
import numpy as np
from jaxtyping import Float

Part = Float[np.ndarray, "P 2"]

_BAND = (215, 150, 70)  # of the form, before it fades
_GRAY_PAPER = (0.7, 1.0)  # brightness of a photographed form, as a share of a scanned page's


def lines(
    rng: np.random.Generator, parts: list[Part], size: tuple[int, int], length_px: float
) -> Float[np.ndarray, "H W"]:
    """Return the density of the ink on the mat's lines, 0 to 1.

    Args:
        rng: Source of everything that is drawn.
        parts: Outlines of the sole and of the toes in pixels.
        size: Height and width of the page, pixels.
        length_px: Length of the foot, pixels.
    """
    step, width = length_px * rng.uniform(0.007, 0.012), rng.uniform(0.16, 0.34)
    across = rng.uniform(0.5, 1.0)  # the lines along the foot take less ink than those across it
    rows, columns = (np.abs((np.arange(n) / step) % 1 - 0.5) for n in size)
    on_row, on_column = (np.clip((width / 2 - each) * 8 + 0.5, 0, 1).astype(np.float32) for each in (rows, columns))
    grid = np.maximum(on_row[:, None], across * on_column[None, :])
    smear = rng.uniform(0.0, 0.12)
    return np.asarray((smear + (1 - smear) * grid) * _pressure(rng, parts, size, length_px))


def _pressure(
    rng: np.random.Generator, parts: list[Part], size: tuple[int, int], length_px: float
) -> Float[np.ndarray, "H W"]:
    """Return the pressure of the foot: high under the heel, the ball and some toes, low elsewhere."""
    sole, toes = parts[0], parts[1:]
    top, bottom = sole[:, 1].min(), sole[:, 1].max()
    middle = float(sole[:, 0].mean())
    spots = [(middle, bottom - 0.15 * (bottom - top)), (middle, top + 0.2 * (bottom - top))]
    spots += [tuple(toe.mean(axis=0)) for toe in toes]
    reach = [0.13 * length_px, 0.12 * length_px, *[0.05 * length_px] * len(toes)]
    pressure = np.full(size, rng.uniform(0.2, 0.55), np.float32)
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    for (at_x, at_y), spread in zip(spots, reach, strict=True):
        off = rng.normal(0, 0.04 * length_px, 2)
        squared = (x - at_x - off[0]) ** 2 + (y - at_y - off[1]) ** 2
        pressure += rng.uniform(0, 0.6) * np.exp(-squared / (2 * spread**2))
    return np.clip(pressure, 0, 1)


def form(rng: np.random.Generator, paper: Float[np.ndarray, "H W 3"], length_px: float) -> Float[np.ndarray, "H W 3"]:
    """Return the paper darker, as photographed, with the form's frame, band and lines of text."""
    height, width = paper.shape[:2]
    page = paper * np.float32(rng.uniform(*_GRAY_PAPER))
    colour, thick = tuple(float(c) for c in rng.permutation(_BAND)), max(1, round(0.004 * length_px))
    if rng.random() < 0.6:
        x = int(rng.uniform(0, 0.12) * width)
        cv2.line(page, (x, 0), (x + int(rng.normal(0, 0.01) * width), height), colour, thick, cv2.LINE_AA)
    if rng.random() < 0.4:
        y = int(rng.uniform(0, 0.05) * height)
        cv2.rectangle(page, (0, y), (width, y + round(0.02 * length_px)), colour, -1)
    return page


def bars(rng: np.random.Generator, image: Float[np.ndarray, "H W 3"], parts: list[Part], length_px: float) -> None:
    """Draw the hatched bars that mark the ends of a foot: above its toes, below its heel, beside its smallest toe."""
    points = np.concatenate(parts)
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    gap = length_px * rng.uniform(0.0, 0.07, 3)
    middle = (left + right) / 2 + rng.normal(0, 0.05 * length_px)
    little = parts[-1].mean(axis=0)
    places = (
        (middle, top - gap[0]),
        (middle, bottom + gap[1]),
        (float(little[0]) + gap[2] + 0.1 * length_px, float(little[1])),
    )
    for x, y in places:
        if rng.random() < 0.75:
            _bar(rng, image, float(x), float(y), length_px)


def _bar(rng: np.random.Generator, image: Float[np.ndarray, "H W 3"], x: float, y: float, length_px: float) -> None:
    half, rise, thick = length_px * rng.uniform(0.06, 0.14), rng.normal(0, 0.04), length_px * rng.uniform(0.003, 0.007)
    ends = [(round(x + side * half), round(y + side * rise * half)) for side in (-1, 1)]
    darkness = np.zeros(image.shape[:2], np.float32)
    cv2.line(darkness, ends[0], ends[1], float(rng.uniform(0.4, 0.9)), max(1, round(thick)), cv2.LINE_AA)
    hatch = np.abs((np.arange(image.shape[1]) / (0.008 * length_px)) % 1 - 0.5) < rng.uniform(0.2, 0.5)
    image *= 1 - (darkness * np.maximum(hatch, 0.35))[..., None]
