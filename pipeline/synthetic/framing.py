"""Where the camera stands and how much of the person it shows."""

import numpy as np

from pipeline.synthetic.camera import Camera, frame_points, turned
from pipeline.synthetic.clinic import HEIGHTS
from pipeline.synthetic.gait import Gait

_ZOOMED = 0.65  # share of videos whose operator zoomed so that the lower legs fill the picture


def place_camera(
    rng: np.random.Generator,
    gait: Gait,
    size: tuple[int, int],
    seconds: float,
    in_view: tuple[bool, bool],
    legs: tuple[float, float],
    heights: tuple[float, float] = HEIGHTS,
) -> Camera:
    """Place a camera behind the person.

    Args:
        rng: Source of all choices.
        gait: Where the person stands or walks.
        size: Width and height of the picture, pixels.
        seconds: Length of the video.
        in_view: True for each leg that is drawn.
        legs: Smallest and largest share of the picture that the lower legs fill over the whole walk; above 1 they are
            cut off. In most videos the operator has zoomed so that they fill it, if the range allows that.
        heights: Lowest and highest camera above the floor, metres.
    """
    end = gait.start + gait.speed * seconds
    middle = gait.start + 0.35 * (end - gait.start)
    standing = gait.stride_s == 0
    side = gait.heading * middle
    if not all(in_view):
        side += (-1 if in_view[0] else 1) * gait.step_width / 2
    top = rng.uniform(0.27, 0.33) if standing else rng.uniform(0.35, 0.40)
    aim = np.array([side + rng.normal(0, 0.01), top / 2 + rng.uniform(-0.015, 0.02), middle])
    position = np.array([side + rng.normal(0, 0.12), rng.uniform(*heights), 0.0])
    across = gait.step_width / 2 + 0.055 if all(in_view) else 0.06
    corners = [(side + sx * across, y, z) for sx in (-1, 1) for y in (0.0, top) for z in (gait.start - 0.1, end - 0.1)]
    roll = rng.normal(0, 0.02 if rng.uniform() < 0.8 else 0.12)
    fill = float(np.exp(rng.uniform(*np.log(legs))))
    if rng.uniform() < _ZOOMED:
        fill = float(np.clip(rng.uniform(0.75, 0.97), *legs))
    camera = frame_points(position, aim, roll, size, np.array(corners), fill)
    # legs that leave room, or that are cut off, are anywhere
    right, down = rng.uniform(-0.45, 0.45, 2) * abs(1 - fill) * size
    return turned(camera, right / camera.focal, down / camera.focal, 0.0)
