"""Which legs are in view with how many of their markers, and the words for what is missing."""

import numpy as np
from jaxtyping import Bool

from heelstrike.measure.legs import NotLegs
from heelstrike.reasons import Reason

SIDES = ("left", "right")
_NUMBERS = ("no", "one", "two", "three")
_NEEDED = 3


def markers_by_leg(present: Bool[np.ndarray, "2 3"]) -> dict[str, int]:
    """Return the number of markers that were found on each leg."""
    return dict(zip(SIDES, present.sum(axis=1).tolist(), strict=True))


def check_markers(present: Bool[np.ndarray, "2 3"], names: tuple[str, ...]) -> None:
    """Raise an error that says what is missing, unless all markers of both legs were found.

    Args:
        present: True for markers that were found; the left leg first, each top to bottom.
        names: Names of the six markers in this order.

    Raises:
        NotLegs: `no_legs`, `one_leg` or `missing_marker`.
    """
    if present.all():
        return
    counts = markers_by_leg(present)
    lacking = ", ".join(name.replace("_", " ") for name, there in zip(names, present.ravel(), strict=True) if not there)
    if not present.any():
        raise NotLegs(Reason.NO_LEGS, "no markers found")
    for side, other in (SIDES, SIDES[::-1]):
        if not counts[other]:
            few = "" if counts[side] == _NEEDED else f", with {_listed(counts[side])}; three are needed on each leg"
            raise NotLegs(Reason.ONE_LEG, f"only the {side} leg is in view{few}")
    short = [f"{_listed(count)} on the {side} leg" for side, count in counts.items() if count < _NEEDED]
    each = "" if len(short) == 1 else " on each"
    raise NotLegs(Reason.MISSING_MARKER, f"{' and '.join(short)}, three are needed{each} (not found: {lacking})")


def _listed(count: int) -> str:
    return f"{_NUMBERS[count]} marker{'' if count == 1 else 's'}"
