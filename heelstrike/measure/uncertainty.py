"""What the radii of keypoints mean for what is measured on them, and when that is too much.

A keypoint may lie anywhere in its disc. The effect of a keypoint on a quantity is the largest change that moving it to
the edge of its disc makes. Effects are combined as the root of their sum of squares, as for errors that do not know of
each other. That is a size, not yet a promise: too large, since the worst direction is rarely the error's own, and too
small where all keypoints err together. So it is calibrated like a distance, on the same validation split: a quantity's
half-width is its factor in `Radii.quantities` times the combined effect. The plain sum of the effects holds whatever
the errors have to do with each other, but only where the discs hold all keypoints at once, which takes far larger ones.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from heelstrike.measure.base import Measure, Measurement
from heelstrike.measure.radii import Radii

_DIRECTIONS = 32  # the worst of them is within half a percent of the worst of all
_NEAR = 1e-6
_BLOCK = 256  # frames at once: some megabytes

Differences = Callable[[Float[np.ndarray, "M K 2"], Float[np.ndarray, "M K 2"]], Float[np.ndarray, "M Q"]]


def combined_effect(
    differences: Differences, points: Float[np.ndarray, "N K 2"], radius: Float[np.ndarray, "N K"]
) -> Float[np.ndarray, "N Q"]:
    """How far quantities move with their keypoints, each at the worst place of its disc's edge.

    Args:
        differences: What two sets of points differ by in each quantity, row by row: first minus second.
        points: Keypoints in the pixels that `radius` is in.
        radius: Of their discs; inf where there is no limit.

    Returns:
        Root of the sum over keypoints of the squared largest change. Inf where a keypoint without a limit moves the
        quantity, NaN where the quantity is unknown.
    """
    angles = 2 * np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    frames, keypoints = radius.shape
    unknown = np.isnan(differences(points, points))
    limited = np.where(np.isfinite(radius), radius, 1.0)
    # frame, moved keypoint, direction, keypoint, xy
    base = np.broadcast_to(points[:, None, None], (frames, keypoints, _DIRECTIONS, keypoints, 2))
    moved, which = base.copy(), np.arange(keypoints)
    moved[:, which, :, which] += (limited[..., None, None] * around).swapaxes(0, 1)
    change = np.abs(differences(moved.reshape(-1, keypoints, 2), base.reshape(-1, keypoints, 2)))
    # where a disc holds a place at which the quantity is not defined, the others tell
    change = np.where(np.isnan(change), 0.0, change).reshape(frames, keypoints, _DIRECTIONS, -1)
    effect = change.max(axis=2)
    effect = np.where(np.isinf(radius)[..., None] & (effect > 0), np.inf, effect)
    return np.where(unknown, np.nan, np.sqrt((effect**2).sum(axis=1)))


def effects(
    measure: Measure,
    points: Float[np.ndarray, "N K 2"],
    radius: Float[np.ndarray, "N K"],
    mm_per_px: Float[np.ndarray, "N"],
) -> Float[np.ndarray, "N Q"]:
    """`combined_effect` on the quantities of a measure, in their units."""
    points, radius = np.asarray(points, np.float64), np.asarray(radius, np.float64)

    def of_block(block: slice) -> Float[np.ndarray, "M Q"]:
        scale = mm_per_px[block]

        def differences(a: Float[np.ndarray, "M K 2"], b: Float[np.ndarray, "M K 2"]) -> Float[np.ndarray, "M Q"]:
            return measure.differences(a, b, np.repeat(scale, len(a) // len(scale)))

        return combined_effect(differences, points[block], radius[block])

    return np.concatenate([of_block(slice(start, start + _BLOCK)) for start in range(0, len(points), _BLOCK)])


def with_half_widths(
    measurement: Measurement,
    measure: Measure,
    radii: Radii,
    keypoints: Float[np.ndarray, "K 2"],
    radius: Float[np.ndarray, "K"],
    mm_per_px: float,
) -> Measurement:
    """A measurement whose values have half-widths: of a new subject's, a share of `radii.level` is within.

    Inf where no limit can be given: too few subjects to calibrate on, or a value that is not what the keypoints' own
    names give (`Measure.values`), as where the network took one leg for the other.
    """
    if not measurement.measured:
        return measurement
    points, scale = np.asarray(keypoints, np.float64)[None], np.array([mm_per_px])
    named = dict(zip(measure.quantities, measure.values(points, scale)[0].tolist(), strict=True))
    sizes = dict(zip(measure.quantities, effects(measure, points, radius[None], scale)[0].tolist(), strict=True))
    widths = {}
    for name, factor in radii.quantities.items():
        if name in measurement.values:
            same = np.isclose(named[name], measurement.values[name], rtol=_NEAR, atol=_NEAR)
            widths[name] = float(sizes[name] * factor) if same and factor is not None else float("inf")
    return replace(measurement, half_widths=widths)


def doubts(
    names: tuple[str, ...],
    radius: Float[np.ndarray, "K"] | None,
    max_radius_px: float | None,
    measurement: Measurement | None,
    max_uncertainty: float | None,
) -> tuple[str, ...]:
    """Why a frame is not reliable, for a person; nothing where it is, or where no limit is set.

    Args:
        names: Of the keypoints.
        radius: Of each in pixels of the image, NaN where it is missing anyway; none: not known.
        max_radius_px: What is allowed; none: anything.
        measurement: What was read off the frame, if anything is.
        max_uncertainty: Half-width that is allowed of quantities in the measure's own unit; none: any.
    """
    found = []
    if max_radius_px is not None:
        if radius is None:
            found.append("the radius of keypoints is not known: the model was packaged without")
        else:
            large = [(n, r) for n, r in zip(names, radius.tolist(), strict=True) if r > max_radius_px]
            listed = ", ".join(f"{name} {_said(size, ' px')}" for name, size in large)
            found += [f"radius of {listed}; at most {max_radius_px:g} px is allowed"] if large else []
    if max_uncertainty is not None and measurement is not None and measurement.measured:
        unit = measurement.unit
        of_unit = [name for name in measurement.values if measurement.unit_of(name) == unit]
        widths = {name: measurement.half_widths.get(name, float("inf")) for name in of_unit}
        wide = [f"{name} ± {_said(width, f' {unit}')}" for name, width in widths.items() if width > max_uncertainty]
        found += [f"{', '.join(wide)}; at most {max_uncertainty:g} {unit} is allowed"] if wide else []
    return tuple(found)


def _said(size: float, unit: str) -> str:
    return f"{size:.3g}{unit}" if np.isfinite(size) else "unknown"
