"""A memory of views in which nothing was found, so that a still camera's empty room is not searched again and again."""

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from heelstrike.package.image import Pixels
from heelstrike.package.view import View

_CELLS = 16  # cells of a view's thumbnail, in x and in y
_CHANGE = 6.0  # gray levels by which the mean of a cell changes if something comes into it
_FLAT = 4  # gray levels; a view whose pixels differ by less shows nothing at all


class Memory:
    """Remembers what each view showed when the network found nothing in it."""

    def __init__(self) -> None:
        self._seen: dict[View, Float[np.ndarray, "C C"]] = {}

    def is_worth_a_look(self, view: View, image: Pixels) -> bool:
        """Return True if the view shows something, and something else than at the last look in vain; remember it."""
        inside = image[max(view.y, 0) : view.y + view.side, max(view.x, 0) : view.x + view.side, 1]
        if int(inside.max()) - int(inside.min()) < _FLAT:
            return False
        now = _thumbnail(inside)
        before = self._seen.get(view)
        if before is not None and np.abs(now - before).max() < _CHANGE:
            return False
        self._seen[view] = now
        return True

    def forget(self) -> None:
        """Forget everything: what was found may stand where nothing was."""
        self._seen.clear()


def _thumbnail(inside: UInt8[np.ndarray, "h w"]) -> Float[np.ndarray, "C C"]:
    """Return the mean brightness of each cell."""
    step = max(max(inside.shape) // (4 * _CELLS), 1)  # four pixels in each direction are enough for the mean of a cell
    coarse = np.ascontiguousarray(inside[::step, ::step])
    return np.asarray(cv2.resize(coarse, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA), np.float64)
