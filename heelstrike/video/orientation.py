"""The display matrix of a video: quarter turns and mirrorings."""

from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
from av.sidedata.sidedata import Type
from jaxtyping import UInt8

from heelstrike.errors import UserError
from heelstrike.package.view import View

_QUARTER = 0.02  # a matrix is a quarter turn if its other two numbers are below this share


@dataclass(frozen=True)
class Orientation:
    """How a stored image is turned and mirrored to be displayed: first `swap`, then the other two.

    Attributes:
        swap: True if rows become columns.
        left_right: True if the image is mirrored left to right.
        up_down: True if the image is mirrored up to down.
    """

    swap: bool = False
    left_right: bool = False
    up_down: bool = False

    def displayed(self, image: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H2 W2 3"]:
        """Return a stored image as it is displayed."""
        turned = image.transpose(1, 0, 2) if self.swap else image
        turned = turned[:, ::-1] if self.left_right else turned
        return np.ascontiguousarray(turned[::-1] if self.up_down else turned)

    def stored(self, view: View, height: int, width: int) -> View:
        """Return the view of the stored image that is displayed in a view.

        Args:
            view: A view of the displayed image.
            height: Height of the displayed image.
            width: Width of the displayed image.
        """
        x = width - view.x - view.side if self.left_right else view.x
        y = height - view.y - view.side if self.up_down else view.y
        return replace(view, x=y, y=x) if self.swap else replace(view, x=x, y=y)


def orientation_of(path: Path, frame: "av.VideoFrame") -> Orientation:
    """Return the orientation in which players show the frames of a video.

    The display matrix maps (x, y) of the stored image to the displayed one: x' = a x + c y, y' = b x + d y, with the
    nine numbers of the matrix being a b u c d v x y w (ISO/IEC 14496-12, 8.3.2).

    Args:
        path: The video, for messages.
        frame: A frame of it.

    Raises:
        UserError: The matrix is no quarter turn.
    """
    data = frame.side_data.get(Type.DISPLAYMATRIX)  # type: ignore[call-overload]
    if data is None:
        return Orientation()
    a, b, _, c, d = np.frombuffer(bytes(data), dtype=np.int32)[:5].astype(np.float64).tolist()
    swap = abs(b) > abs(a)
    if min(abs(a), abs(b)) > _QUARTER * max(abs(a), abs(b)):
        raise UserError(
            f"{path}: is to be displayed turned by {abs(np.degrees(np.arctan2(b, a))):.0f} degrees, which is no "
            "quarter turn; convert it with `ffmpeg -i IN -c:v libx264 -crf 16 OUT.mp4`"
        )
    left_right, up_down = (c < 0, b < 0) if swap else (a < 0, d < 0)
    return Orientation(swap, left_right, up_down)
