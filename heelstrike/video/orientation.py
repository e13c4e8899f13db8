"""The display matrix of a video: quarter turns and mirrorings."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from av.sidedata.sidedata import Type

from heelstrike.errors import UserError

_QUARTER = 0.02  # a matrix is a quarter turn if its other two numbers are below this share


def upright(path: Path, frame: "av.VideoFrame") -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that turns and mirrors a decoded image to the orientation in which players show it.

    The display matrix maps (x, y) of the stored image to the displayed one: x' = a x + c y, y' = b x + d y, with the
    nine numbers of the matrix being a b u c d v x y w (ISO/IEC 14496-12, 8.3.2).

    Raises:
        UserError: The matrix is no quarter turn.
    """
    data = frame.side_data.get(Type.DISPLAYMATRIX)  # type: ignore[call-overload]
    if data is None:
        return lambda image: image
    a, b, _, c, d = np.frombuffer(bytes(data), dtype=np.int32)[:5].astype(np.float64).tolist()
    swap = abs(b) > abs(a)
    if min(abs(a), abs(b)) > _QUARTER * max(abs(a), abs(b)):
        raise UserError(
            f"{path}: is to be displayed turned by {abs(np.degrees(np.arctan2(b, a))):.0f} degrees, which is no "
            "quarter turn; convert it with `ffmpeg -i IN -c:v libx264 -crf 16 OUT.mp4`"
        )
    left_right, up_down = (c < 0, b < 0) if swap else (a < 0, d < 0)

    def turn(image: np.ndarray) -> np.ndarray:
        turned = image.transpose(1, 0, 2) if swap else image
        turned = turned[:, ::-1] if left_right else turned
        return np.ascontiguousarray(turned[::-1] if up_down else turned)

    return turn
