"""Ink prints of bare feet on paper, with eight exact landmarks and their scale.

A print is drawn for a right foot (medial on the left, as on the paper under it), scaled to millimetres, turned by a few
degrees and scanned at some resolution. A left print is the mirror image of a right one. Shapes are given in units of
the foot's length and follow ink prints of adults. The width of the isthmus follows the arch, from high to flat.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy.interpolate import CubicSpline

from heelstrike.units import MM_PER_INCH
from pipeline.synthetic import mat
from pipeline.synthetic.settings import SyntheticSource

KEYPOINTS = ("toe1", "toe2", "toe3", "toe4", "toe5", "ball_medial", "ball_lateral", "heel")
# lowest and highest width of the isthmus, relative to the width of the ball
_ARCHES = {"high": (0.12, 0.28), "normal": (0.36, 0.50), "flat": (0.60, 0.85)}
_DPI = (60, 75, 100, 150, 200, 300)
_PAGE_MM = (216.0, 297.0)
_INKS = ((30, 28, 32), (38, 40, 95), (70, 35, 80), (25, 60, 55))
_PENS = ((30, 40, 150), (160, 30, 40), (40, 40, 45))
_FINE_MATS = 0.4  # share of prints of a fine mat on a form
_FINE = 4  # fractional bits of the coordinates that OpenCV gets
# position along and across the foot (lateral positive) in foot lengths; NaN on the isthmus, which the arch decides
_SOLE = (
    (0.0, 0.0),
    (0.022, 0.082),
    (0.09, 0.128),
    (0.19, 0.132),
    (0.38, 0.150),
    (0.52, 0.180),
    (0.625, 0.198),
    (0.70, 0.170),
    (0.748, 0.100),
    (0.768, 0.0),
    (0.775, -0.085),
    (0.752, -0.155),
    (0.69, -0.196),
    (0.60, -0.165),
    (0.50, np.nan),
    (0.38, np.nan),
    (0.28, np.nan),
    (0.19, -0.122),
    (0.09, -0.120),
    (0.022, -0.076),
)
# index into _SOLE -> share of the way from the width of the ball to that of the isthmus
_WAIST = {14: 0.6, 15: 1.0, 16: 0.75}
_TOES = (
    (0.900, -0.128, 0.066, 0.050),
    (0.928, -0.020, 0.038, 0.027),
    (0.897, 0.048, 0.034, 0.025),
    (0.855, 0.104, 0.031, 0.024),
    (0.803, 0.152, 0.029, 0.023),
)  # centre along and across, half axis along and across, in foot lengths


@dataclass(frozen=True)
class Print:
    """A drawn footprint with its ground truth.

    Attributes:
        image: The scan, RGB.
        points: Keypoints in pixels in the order of `KEYPOINTS`, NaN where the ink is missing.
        mm_per_px: Side of a pixel, millimetres.
        slices: Values of the evaluation slices `foot` and `arch`.
        sole: Pixels where the foot without its toes touched the paper: the ground truth of the arch index.
    """

    image: UInt8[np.ndarray, "H W 3"]
    points: Float[np.ndarray, "8 2"]
    mm_per_px: float
    slices: dict[str, str]
    sole: Bool[np.ndarray, "H W"]


def draw_print(settings: SyntheticSource, person: int, number: int) -> Print:
    """Draw print `number` of a person, right and left feet in turn, at most `settings.width` x `settings.height`."""
    person_rng = np.random.default_rng([settings.seed, person])
    arch = list(_ARCHES)[int(person_rng.choice(3, p=[0.25, 0.5, 0.25]))]
    length = float(np.clip(person_rng.normal(240, 18), 190, 295))
    sole, toes = _shape(person_rng, arch)
    rng = np.random.default_rng([settings.seed, person, 1 + number])
    page = np.array(_PAGE_MM) if rng.random() < 0.3 else np.array([length * rng.uniform(0.46, 0.6), length * 1.14])
    max_dpi = min(settings.width / page[0], settings.height / page[1]) * MM_PER_INCH
    fitting = [dpi for dpi in _DPI if dpi <= max_dpi] or [max_dpi]
    mm_per_px = MM_PER_INCH / float(rng.choice(fitting))
    width, height = np.maximum(np.floor(page / mm_per_px), 1).astype(int)
    place = _placement(rng, length, page)
    parts = [np.asarray(place(part) / mm_per_px - 0.5) for part in (sole, *toes)]
    fine = np.random.default_rng([settings.seed, person, 1 + number, 1])
    image, points = _ink(rng, parts, (int(height), int(width)), length / mm_per_px, fine)
    covered = _filled(parts[0], image.shape[:2]) > 0.5
    left = number % 2 == 1
    if left:
        image, covered = np.ascontiguousarray(image[:, ::-1]), np.ascontiguousarray(covered[:, ::-1])
        points[:, 0] = width - 1 - points[:, 0]
    return Print(image, points, mm_per_px, {"foot": "left" if left else "right", "arch": arch}, covered)


def _shape(rng: np.random.Generator, arch: str) -> tuple[Float[np.ndarray, "P 2"], list[Float[np.ndarray, "T 2"]]]:
    """Return the outlines of the sole and the toes of a right foot, (along, across) in foot lengths."""
    ring = np.array(_SOLE)
    isthmus = float(rng.uniform(*_ARCHES[arch])) * 0.394
    for k, share in _WAIST.items():
        lateral = np.interp(ring[k, 0], [0.19, 0.38, 0.52], [0.132, 0.150, 0.180])
        ring[k, 1] = lateral - (0.31 + share * (isthmus - 0.31))
    ring += rng.normal(0, 0.004, ring.shape)
    ring[:, 1] *= rng.uniform(0.92, 1.08)
    closed = np.concatenate([ring, ring[:1]])
    at = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1) ** 0.5)])
    sole = CubicSpline(at, closed, bc_type="periodic")(np.linspace(0, at[-1], 400, endpoint=False))
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    toes = []
    for along, across, half_along, half_across in _TOES:
        centre = np.array([along, across]) + rng.normal(0, 0.006, 2)
        half = np.array([half_along, half_across]) * rng.uniform(0.85, 1.12, 2)
        toes.append(centre + half * np.stack([np.cos(angle), np.sin(angle)], axis=1))
    return sole, toes


def _placement(
    rng: np.random.Generator, length: float, page: Float[np.ndarray, "2"]
) -> Callable[[Float[np.ndarray, "P 2"]], Float[np.ndarray, "P 2"]]:
    """Return a function from (along, across) in foot lengths to millimetres on the page, x right and y down."""
    turn = np.radians(rng.uniform(-4, 4))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    free = np.maximum(page - np.array([0.42, 1.06]) * length, 0)
    centre = page / 2 + free * rng.uniform(-0.4, 0.4, 2)

    def place(part: Float[np.ndarray, "P 2"]) -> Float[np.ndarray, "P 2"]:
        right_down = np.stack([part[:, 1], 0.48 - part[:, 0]], axis=1) * length
        return right_down @ rotation.T + centre

    return place


def _ink(
    rng: np.random.Generator,
    parts: list[Float[np.ndarray, "P 2"]],
    size: tuple[int, int],
    length_px: float,
    fine: np.random.Generator,
) -> tuple[UInt8[np.ndarray, "H W 3"], Float[np.ndarray, "8 2"]]:
    """Draw the scan; return it with its landmarks in pixels. `fine` draws whether it is one of a fine mat, and that."""
    is_fine = fine.random() < _FINE_MATS
    missing = [rng.random() < 0.04 for _ in parts[1:]]
    cover = np.zeros(size, np.float32)
    for part, is_missing in zip(parts, [False, *missing], strict=True):
        if not is_missing:
            cover = np.maximum(cover, _filled(part, size))
    edge = cv2.GaussianBlur(cover, (0, 0), max(0.0025 * length_px, 0.4))
    patches, grain = _noise(rng, size, 0.05 * length_px), _noise(rng, size, 0.006 * length_px)
    density = edge * np.clip(rng.uniform(0.75, 0.95) + 0.14 * patches + 0.10 * grain, 0.25, 1)
    if rng.random() < 0.3:
        density = density * _mat(rng, size, length_px)
    if rng.random() < 0.35:  # the paper took too little ink in places
        dry = np.clip(3 * (_noise(rng, size, 0.07 * length_px) - 1.3), 0, 1)
        density = density * (1 - 0.75 * dry)
    paper = _paper(rng, size, length_px)
    if is_fine:
        density = edge * mat.lines(fine, parts, size, length_px)
        paper = mat.form(fine, paper, length_px)
    ink = np.array(_INKS[rng.integers(len(_INKS))], np.float32)
    _blots(rng, density, length_px)
    image = paper * (1 - density[..., None]) + ink * density[..., None]
    _pen_marks(rng, image, length_px)
    if is_fine:
        mat.bars(fine, image, parts, length_px)
    noisy = image + rng.normal(0, 2.0, size)[..., None]
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8), _landmarks(parts, missing)


def _mat(rng: np.random.Generator, size: tuple[int, int], length_px: float) -> Float[np.ndarray, "H W"]:
    """Return the ink density of the grid that a Harris mat leaves in its prints."""
    step = length_px * rng.uniform(0.014, 0.022)
    rows, columns = (np.abs((np.arange(n) / step) % 1 - 0.5) for n in size)
    lines = np.maximum(rows[:, None], columns[None, :]).astype(np.float32)
    return np.clip(0.35 + 8 * (lines - 0.36), 0.35, 1)


def _landmarks(parts: list[Float[np.ndarray, "P 2"]], missing: list[bool]) -> Float[np.ndarray, "8 2"]:
    """Return tops of the toes, leftmost and rightmost point of the ball and lowest point of the heel, right foot."""
    sole, toes = parts[0], parts[1:]
    tops = [np.full(2, np.nan) if m else toe[toe[:, 1].argmin()] for toe, m in zip(toes, missing, strict=True)]
    top, bottom = sole[:, 1].min(), sole[:, 1].max()
    ball = sole[sole[:, 1] < top + 0.38 * (bottom - top)]
    return np.stack([*tops, ball[ball[:, 0].argmin()], ball[ball[:, 0].argmax()], sole[sole[:, 1].argmax()]])


def _filled(outline: Float[np.ndarray, "P 2"], size: tuple[int, int]) -> Float[np.ndarray, "H W"]:
    mask = np.zeros(size, np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 2**_FINE).astype(np.int32)], 255, cv2.LINE_AA, _FINE)
    return mask.astype(np.float32) / 255


def _noise(rng: np.random.Generator, size: tuple[int, int], grain_px: float) -> Float[np.ndarray, "H W"]:
    """Return smooth noise of mean 0 and standard deviation about 1, with grains of about `grain_px`."""
    step = max(grain_px, 1.0)
    coarse = rng.standard_normal((int(size[0] / step) + 3, int(size[1] / step) + 3)).astype(np.float32)
    return cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)


def _paper(rng: np.random.Generator, size: tuple[int, int], length_px: float) -> Float[np.ndarray, "H W 3"]:
    white = np.array([1.0, rng.uniform(0.97, 1.0), rng.uniform(0.9, 0.99)], np.float32) * rng.uniform(215, 250)
    light = np.linspace(rng.uniform(0.9, 1), rng.uniform(0.9, 1), size[0], dtype=np.float32)[:, None]
    texture = 1.5 * _noise(rng, size, 0.004 * length_px) + 2.5 * _noise(rng, size, 0.2 * length_px)
    return white * light[..., None] + texture[..., None]


def _blots(rng: np.random.Generator, density: Float[np.ndarray, "H W"], length_px: float) -> None:
    """Draw spots of ink anywhere on the page."""
    height, width = density.shape
    for _ in range(int(rng.poisson(3))):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        radius = max(1, round(length_px * rng.uniform(0.003, 0.012)))
        cv2.circle(density, centre, radius, float(rng.uniform(0.5, 0.95)), -1, cv2.LINE_AA)


def _pen_marks(rng: np.random.Generator, image: Float[np.ndarray, "H W 3"], length_px: float) -> None:
    """Draw lines and scribbles such as examiners leave."""
    height, width = image.shape[:2]
    for _ in range(int(rng.poisson(1.2))):
        start = rng.uniform(0, 1, 2) * (width, height)
        steps = rng.normal(0, 0.05 * length_px, (int(rng.integers(2, 12)), 2))
        line = np.round((start + np.cumsum(steps, axis=0)) * 2**_FINE).astype(np.int32)
        colour = _PENS[rng.integers(len(_PENS))]
        cv2.polylines(image, [line], False, colour, max(1, round(0.003 * length_px)), cv2.LINE_AA, _FINE)
