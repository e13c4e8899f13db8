"""A pinhole camera on a tripod behind the patient.

World: metres, x to the patient's right, y up from the floor, z away from the camera. Image: pixels, x right, y down,
the centre of the top-left pixel at (0, 0).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

Points = Float[np.ndarray, "*n 3"]


def rotation(yaw: float, frontal: float, pitch: float) -> Float[np.ndarray, "3 3"]:
    """Return the rotation matrix Ry(yaw) Rz(frontal) Rx(pitch), angles in radians.

    For a segment that hangs down from its joint, a positive pitch moves the lower end back towards the camera, a
    positive frontal angle moves it to the patient's right, and a positive yaw turns the toes to the patient's right.
    """
    cy, sy, cf, sf, cp, sp = (f(a) for a in (yaw, frontal, pitch) for f in (np.cos, np.sin))
    ry = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    rz = np.array([[cf, -sf, 0], [sf, cf, 0], [0, 0, 1]])
    rx = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    return ry @ rz @ rx


@dataclass(frozen=True)
class Camera:
    """A pinhole camera.

    Attributes:
        position: Position in the world, metres.
        axes: Rows are the camera's right, down and forward directions in the world.
        focal: Focal length in pixels.
        width: Image width in pixels.
        height: Image height in pixels.
    """

    position: Float[np.ndarray, "3"]
    axes: Float[np.ndarray, "3 3"]
    focal: float
    width: int
    height: int

    def project(self, points: Points) -> Float[np.ndarray, "*n 2"]:
        """Project world points to pixels."""
        local = (points - self.position) @ self.axes.T
        centre = np.array([(self.width - 1) / 2, (self.height - 1) / 2])
        return self.focal * local[..., :2] / np.maximum(local[..., 2:], 0.05) + centre

    def from_view(self, other: "Camera") -> Float[np.ndarray, "3 3"]:
        """Return the homography from the pixels of another camera at the same position to this camera's pixels."""
        lens = np.array([[self.focal, 0, (self.width - 1) / 2], [0, self.focal, (self.height - 1) / 2], [0, 0, 1]])
        return lens @ self.axes @ other.axes.T @ np.linalg.inv(lens)

    def rays(self) -> Float[np.ndarray, "H W 3"]:
        """Return the world direction through each pixel's centre, scaled to one metre forward (not to unit length)."""
        x = (np.arange(self.width) - (self.width - 1) / 2) / self.focal
        y = (np.arange(self.height) - (self.height - 1) / 2) / self.focal
        right, down, forward = self.axes
        return (x[None, :, None] * right + y[:, None, None] * down + forward).astype(np.float32)


def look(
    position: Float[np.ndarray, "3"], target: Float[np.ndarray, "3"], roll: float, focal: float, width: int, height: int
) -> Camera:
    """Make a camera at `position` that looks at `target`, turned about its axis by `roll` radians."""
    forward = (target - position) / np.linalg.norm(target - position)
    right = np.cross(np.array([0.0, 1.0, 0.0]), forward)
    right /= np.linalg.norm(right)
    down = np.cross(right, forward)
    tilted = np.cos(roll) * right + np.sin(roll) * down
    return Camera(position, np.stack([tilted, np.cross(tilted, forward), forward]), focal, width, height)


def frame_points(
    position: Float[np.ndarray, "3"],
    target: Float[np.ndarray, "3"],
    roll: float,
    size: tuple[int, int],
    points: Points,
    fill: float,
) -> Camera:
    """Make a camera whose focal length lets `points` fill a share of the frame, as an operator would zoom.

    Args:
        position: Position of the camera, world metres.
        target: World point at the centre of its view.
        roll: Rotation about its axis, radians.
        size: Image width and height, pixels.
        points: World points (N, 3) that must be in the frame.
        fill: Largest distance of a point from the centre, as a share of the half height or half width, up to 1.
    """
    width, height = size
    unit = look(position, target, roll, 1.0, width, height)
    offsets = np.abs(unit.project(points) - unit.project(target[None]))
    focal = fill * float(min((width / 2) / offsets[:, 0].max(), (height / 2) / offsets[:, 1].max()))
    return look(position, target, roll, focal, width, height)


def turned(camera: Camera, right: float, down: float, roll: float) -> Camera:
    """Return the camera turned in place by small angles in radians: to the right, down, and about its axis."""
    axes = rotation(right, roll, down)
    return Camera(camera.position, axes @ camera.axes, camera.focal, camera.width, camera.height)


def below_floor(camera: Camera) -> Camera:
    """Return the camera below the floor that sees what this one sees mirrored in the floor, upside down."""
    flip = np.array([1.0, -1.0, 1.0])
    right, down, forward = camera.axes * flip
    return Camera(camera.position * flip, np.stack([right, -down, forward]), camera.focal, camera.width, camera.height)
