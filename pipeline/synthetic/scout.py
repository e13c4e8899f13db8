"""Scout planes of an MRI exam: a head in a random pose, cut by the scanner's axial, coronal and sagittal planes.

The planes are thick, and `scanner` gives them a sequence's contrast, a coil's sensitivity, noise and an end. The
landmarks are points that a person can see on a plane, at the inner side of the skull. On the axial and coronal planes
they are the ends of the midline and the ends of the line across its middle. On the sagittal plane they are the
commissures, the points where the line through them leaves the brain in front and behind, the point where the
perpendicular between them leaves it above, and the brain's lowest point.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int16
from scipy.spatial.transform import Rotation

from pipeline.synthetic.head import CENTRE, MriHead
from pipeline.synthetic.scanner import VolumeEnd, received
from pipeline.synthetic.settings import SyntheticSource

PLANES = ("axial", "coronal", "sagittal")
KEYPOINTS = {
    "axial": ("axial_front", "axial_back", "axial_left", "axial_right"),
    "coronal": ("coronal_top", "coronal_base", "coronal_left", "coronal_right"),
    "sagittal": (
        "sagittal_ac",
        "sagittal_pc",
        "sagittal_front",
        "sagittal_back",
        "sagittal_top",
        "sagittal_base",
    ),
}
_STEPS = {  # patient directions (RAS) of one step to the right and one step down on a radiologist's screen
    "axial": ((-1, 0, 0), (0, -1, 0)),
    "coronal": ((-1, 0, 0), (0, 0, -1)),
    "sagittal": ((0, -1, 0), (0, 0, -1)),
}
# range of each plane's offset from the middle of the head
_OFFSETS_MM = {"axial": (-8, 14), "coronal": (-12, 14), "sagittal": (-4, 4)}
_SLICE_MM = (5.0, 8.0)
_SAMPLES = 5  # samples through the thickness of a plane
_VISIBLE_MM = 10.0  # commissures farther from the sagittal plane are not visible on it


@dataclass(frozen=True)
class HeadPose:
    """Position and orientation of the head: patient = turn @ head + shift, millimetres, RAS."""

    turn: Float[np.ndarray, "3 3"]
    shift: Float[np.ndarray, "3"]

    def to_head(self, points: Float[np.ndarray, "N 3"]) -> Float[np.ndarray, "N 3"]:
        """Convert patient coordinates to the head's coordinates."""
        return (points - self.shift) @ self.turn

    @property
    def middle(self) -> Float[np.ndarray, "3"]:
        """Middle of the head in patient coordinates."""
        return self.turn @ CENTRE + self.shift

    def to_patient(self, points: Float[np.ndarray, "*N 3"]) -> Float[np.ndarray, "*N 3"]:
        """Convert the head's coordinates to patient coordinates."""
        return points @ self.turn.T + self.shift


@dataclass(frozen=True)
class PlacedPlane:
    """A plane without its image.

    Attributes:
        placement: Origin, step along x, step along y in patient coordinates (RAS, mm).
        slice_mm: Thickness, mm.
        points: Landmark name -> (x, y) in pixels, for the visible landmarks.
    """

    placement: Float[np.ndarray, "3 3"]
    slice_mm: float
    points: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Scout(PlacedPlane):
    """A plane with its image.

    Attributes:
        values: Pixel values as a scanner would store them.
    """

    values: Int16[np.ndarray, "H W"]


@dataclass(frozen=True)
class HeadTruth:
    """Ground truth of the scan volume, without a margin: the brain's box along the axes through the commissures.

    Attributes:
        centre: Centre of the box, patient coordinates, mm.
        axes: Axes of the box, unit vectors as rows.
        extents: Extents of the box along its axes, mm.
        commissures: Anterior and posterior commissure, patient coordinates, mm.
    """

    centre: Float[np.ndarray, "3"]
    axes: Float[np.ndarray, "3 3"]
    extents: Float[np.ndarray, "3"]
    commissures: Float[np.ndarray, "2 3"]


def cut(settings: SyntheticSource, person: int, exam: int, plane: str) -> Scout:
    """Make a plane of an exam, `settings.width` x `settings.height` pixels."""
    head, pose = _head(settings.seed, person), _pose(settings.seed, person, exam)
    placed = landmarks(settings, person, exam, plane)
    end = VolumeEnd.draw(np.random.default_rng([settings.seed, person, 1 + exam, 12]))
    signal = _signal(head, pose, placed, (settings.height, settings.width), end)
    exam_rng, rng = (np.random.default_rng([settings.seed, person, 1 + exam, n]) for n in (11, 21 + _number(plane)))
    values = received(exam_rng, rng, signal, placed.placement)
    return Scout(placed.placement, placed.slice_mm, placed.points, values)


def landmarks(settings: SyntheticSource, person: int, exam: int, plane: str) -> PlacedPlane:
    """Return the plane's placement and visible landmarks, without its image."""
    head, pose = _head(settings.seed, person), _pose(settings.seed, person, exam)
    exam_rng, rng = (np.random.default_rng([settings.seed, person, 1 + exam, n]) for n in (10, 1 + _number(plane)))
    step = exam_rng.uniform(235, 275) / max(settings.width, settings.height)
    # the operator puts the plane near the middle of the head; within the plane, the image is centred in the scanner
    axis = int(np.abs(np.cross(*_STEPS[plane])).argmax())
    middle = rng.normal(0, 3, 3)
    middle[axis] = pose.middle[axis] + rng.uniform(*_OFFSETS_MM[plane])
    size = (settings.height, settings.width)
    placement = straight(plane, middle, size, step)
    points = _in_pixels(_LANDMARKS[plane](head, pose, placement), pose, placement, size)
    return PlacedPlane(placement, float(exam_rng.uniform(*_SLICE_MM)), points)


def _number(plane: str) -> int:
    return PLANES.index(plane)


def straight(plane: str, middle: Float[np.ndarray, "3"], size: tuple[int, int], step: float) -> np.ndarray:
    """Return the placement of a plane along the scanner's axes, as displayed to radiologists.

    Args:
        plane: One of `PLANES`.
        middle: Centre of the image, patient coordinates.
        size: Height and width, pixels.
        step: Side of a pixel, mm.
    """
    along_x, along_y = (np.array(direction) * step for direction in _STEPS[plane])
    return np.stack([middle - along_x * (size[1] - 1) / 2 - along_y * (size[0] - 1) / 2, along_x, along_y])


def truth(settings: SyntheticSource, person: int, exam: int) -> HeadTruth:
    """Return the ground truth of an exam."""
    head, pose = _head(settings.seed, person), _pose(settings.seed, person, exam)
    low, high = head.box()
    middle = head.commissures.mean(axis=0) + (low + high) / 2 @ head.axes
    return HeadTruth(
        pose.to_patient(middle), head.axes @ pose.turn.T, high - low, np.asarray(pose.to_patient(head.commissures))
    )


@lru_cache(maxsize=4)
def _head(seed: int, person: int) -> MriHead:
    return MriHead(np.random.default_rng([seed, person]))


def _pose(seed: int, person: int, exam: int) -> HeadPose:
    rng = np.random.default_rng([seed, person, 1 + exam, 0])
    pitch, roll, yaw = rng.normal(0, (8, 5, 6)).clip((-18, -12, -14), (18, 12, 14))
    turn = Rotation.from_euler("xyz", [pitch, roll, yaw], degrees=True).as_matrix()
    middle = rng.normal(0, 6, 3).clip(-15, 15)
    return HeadPose(turn, middle - turn @ CENTRE)


def _signal(
    head: MriHead, pose: HeadPose, placed: PlacedPlane, size: tuple[int, int], end: VolumeEnd
) -> Float[np.ndarray, "H W"]:
    """Return the mean signal through the thickness of the plane; 0 beyond the volume's end."""
    origin, along_x, along_y = placed.placement
    rows, columns = np.mgrid[: size[0], : size[1]].reshape(2, -1, 1)
    plane = origin + columns * along_x + rows * along_y
    normal = np.cross(along_x, along_y) / (along_x @ along_x)
    depths = (np.arange(_SAMPLES) - (_SAMPLES - 1) / 2) * placed.slice_mm / _SAMPLES
    layers = [pose.to_head(plane + depth * normal) for depth in depths]
    return np.mean([head.signal(layer) * end.holds(layer) for layer in layers], axis=0).reshape(size)


def _in_pixels(
    points: dict[str, Float[np.ndarray, "3"]],
    pose: HeadPose,
    placement: Float[np.ndarray, "3 3"],
    size: tuple[int, int],
) -> dict[str, tuple[float, float]]:
    """Convert points of the head to pixels of a plane; drop those outside the image."""
    steps = placement[1:]
    pixels = {}
    for name, point in points.items():
        x, y = (pose.to_patient(point) - placement[0]) @ steps.T / (steps**2).sum(axis=1)
        if -0.5 <= x <= size[1] - 0.5 and -0.5 <= y <= size[0] - 0.5:
            pixels[name] = (float(x), float(y))
    return pixels


def _plane_in_head(pose: HeadPose, placement: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3 3"]:
    """Return the plane's point nearest to the head's middle and two unit vectors in the plane, in head coordinates."""
    u, v = (placement[1:] / np.linalg.norm(placement[1:], axis=1, keepdims=True)) @ pose.turn
    origin = pose.to_head(placement[:1])[0]
    return np.stack([origin + ((CENTRE - origin) @ u) * u + ((CENTRE - origin) @ v) * v, u, v])


def _contour(head: MriHead, pose: HeadPose, placement: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "N 3"]:
    """Return the contour of the cavity on the plane, in the head's coordinates."""
    start, u, v = _plane_in_head(pose, placement)
    angle = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    directions = np.cos(angle)[:, None] * u + np.sin(angle)[:, None] * v
    return head.outermost(np.broadcast_to(start, directions.shape), directions)


def _midline(head: MriHead, pose: HeadPose, placement: Float[np.ndarray, "3 3"], axis: int) -> Float[np.ndarray, "2 3"]:
    """Return the points where the midsagittal plane leaves the cavity on the plane: high end of an axis, low end."""
    start, u, v = _plane_in_head(pose, placement)
    across = np.array([u[0], v[0]])
    start = start - (start[0] / (across @ across)) * (across[0] * u + across[1] * v)
    along = (-across[1] * u + across[0] * v) / np.linalg.norm(across)
    along = along * np.sign(along[axis])
    return head.outermost(np.stack([start, start]), np.stack([along, -along]))


def _sides(head: MriHead, ends: Float[np.ndarray, "2 3"], normal: Float[np.ndarray, "3"]) -> Float[np.ndarray, "2 3"]:
    """Return the points where the line across the middle of the midline leaves the cavity: left, right."""
    along = ends[0] - ends[1]
    across = np.cross(along, normal)
    across = across / np.linalg.norm(across) * np.sign(across[0])
    return head.outermost(np.tile(ends.mean(axis=0), (2, 1)), np.stack([-across, across]))


def _axial(head: MriHead, pose: HeadPose, placement: Float[np.ndarray, "3 3"]) -> dict[str, Float[np.ndarray, "3"]]:
    _, u, v = _plane_in_head(pose, placement)
    ends = _midline(head, pose, placement, 1)
    return dict(zip(KEYPOINTS["axial"], (*ends, *_sides(head, ends, np.cross(u, v))), strict=True))


def _coronal(head: MriHead, pose: HeadPose, placement: Float[np.ndarray, "3 3"]) -> dict[str, Float[np.ndarray, "3"]]:
    _, u, v = _plane_in_head(pose, placement)
    ends = _midline(head, pose, placement, 2)
    return dict(zip(KEYPOINTS["coronal"], (*ends, *_sides(head, ends, np.cross(u, v))), strict=True))


def _sagittal(head: MriHead, pose: HeadPose, placement: Float[np.ndarray, "3 3"]) -> dict[str, Float[np.ndarray, "3"]]:
    start, u, v = _plane_in_head(pose, placement)
    normal = np.cross(u, v)
    off = (head.commissures - start) @ normal
    commissures = np.where(np.abs(off)[:, None] > _VISIBLE_MM, np.nan, head.commissures)
    onto = np.eye(3) - np.outer(normal, normal)
    y, z = (head.axes[1:] @ onto) / np.linalg.norm(head.axes[1:] @ onto, axis=1, keepdims=True)
    between = head.commissures.mean(axis=0) - off.mean() * normal
    ends = head.outermost(np.tile(between, (3, 1)), np.stack([y, -y, z]))
    contour = _contour(head, pose, placement)
    base = contour[np.nanargmin(contour @ head.axes[2])]
    return dict(zip(KEYPOINTS["sagittal"], (*commissures, *ends, base), strict=True))


_LANDMARKS = {"axial": _axial, "coronal": _coronal, "sagittal": _sagittal}
