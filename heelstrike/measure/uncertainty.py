"""The uncertainty of measured values, from the radii of their keypoints.

A keypoint may lie anywhere in the disc with its radius. The effect of a keypoint on a quantity is the largest change
from moving it to the edge of its disc. Effects are combined as the root of their sum of squares, as for independent
errors. The result is not yet a bound: it is too large, since the worst direction is rarely that of the error, and too
small if all keypoints err together. So it is calibrated on the validation split, like a distance: the half-width of a
quantity is its factor in `Radii.quantities` times the combined effect. The plain sum of the effects would also hold for
dependent errors, but only if the discs contain all keypoints at once, which needs far larger discs.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from heelstrike.measure.base import Measure, Measurement
from heelstrike.measure.radii import Radii
from heelstrike.units import symbol

_DIRECTIONS = 32  # the largest change among them is within half a percent of the largest among all directions
_NEAR = 1e-6
_BLOCK = 256  # frames at once, which takes some megabytes

Differences = Callable[[Float[np.ndarray, "M K 2"], Float[np.ndarray, "M K 2"]], Float[np.ndarray, "M Q"]]


def combined_effect(
    differences: Differences, points: Float[np.ndarray, "N K 2"], radius: Float[np.ndarray, "N K"]
) -> Float[np.ndarray, "N Q"]:
    """Return the combined effect of all keypoints on each quantity.

    Args:
        differences: Function that returns the quantities of its first points minus those of its second, row by row.
        points: Keypoints, in the same pixels as `radius`.
        radius: Radius of each keypoint's disc; inf without limit.

    Returns:
        Root of the sum of the squared effects of the keypoints. It is inf if a keypoint without limit changes the
        quantity, and NaN if the quantity is NaN.
    """
    angles = 2 * np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    frames, keypoints = radius.shape
    unknown = np.isnan(differences(points, points))
    limited = np.where(np.isfinite(radius), radius, 1.0)
    # frame, moved keypoint, direction, keypoint, xy
    base = np.broadcast_to(points[:, None, None], (frames, keypoints, _DIRECTIONS, keypoints, 2))
    moved, index = base.copy(), np.arange(keypoints)
    moved[:, index, :, index] += (limited[..., None, None] * around).swapaxes(0, 1)
    change = np.abs(differences(moved.reshape(-1, keypoints, 2), base.reshape(-1, keypoints, 2)))
    # at positions where the quantity is undefined, only the other positions count
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
    """Return `combined_effect` for the quantities of a measure, in their units."""
    points, radius = np.asarray(points, np.float64), np.asarray(radius, np.float64)

    def block_effects(block: slice) -> Float[np.ndarray, "M Q"]:
        scale = mm_per_px[block]

        def differences(a: Float[np.ndarray, "M K 2"], b: Float[np.ndarray, "M K 2"]) -> Float[np.ndarray, "M Q"]:
            return measure.differences(a, b, np.repeat(scale, len(a) // len(scale)))

        return combined_effect(differences, points[block], radius[block])

    return np.concatenate([block_effects(slice(start, start + _BLOCK)) for start in range(0, len(points), _BLOCK)])


def with_half_widths(
    measurement: Measurement,
    measure: Measure,
    radii: Radii,
    keypoints: Float[np.ndarray, "K 2"],
    radius: Float[np.ndarray, "K"],
    mm_per_px: float,
) -> Measurement:
    """Return a measurement with half-widths: of a new subject's true values, the share `radii.level` is within them.

    A half-width is inf if there were too few subjects to calibrate on, or if the value differs from that of
    `Measure.values`, for instance because the network confused the legs.
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
    """Return why a frame is not reliable, as sentences for a person; empty if it is reliable or there is no limit.

    Args:
        names: Names of the keypoints.
        radius: Radius of each keypoint in pixels of the image, NaN if it is missing; `None` if radii are unknown.
        max_radius_px: Largest reliable radius; `None` means no limit.
        measurement: The frame's measurement; `None` if nothing is measured.
        max_uncertainty: Largest reliable half-width of values in the measure's unit; `None` means no limit.
    """
    sentences = []
    if max_radius_px is not None:
        if radius is None:
            sentences.append("the radius of keypoints is not known: the model was packaged without")
        else:
            large = [(n, r) for n, r in zip(names, radius.tolist(), strict=True) if r > max_radius_px]
            listed = ", ".join(f"{name} {_format(size, ' px')}" for name, size in large)
            sentences += [f"radius of {listed}; at most {max_radius_px:g} px is allowed"] if large else []
    if max_uncertainty is not None and measurement is not None and measurement.measured:
        unit = symbol(measurement.unit)
        main_values = [name for name in measurement.values if measurement.unit_of(name) == measurement.unit]
        widths = {name: measurement.half_widths.get(name, float("inf")) for name in main_values}
        wide = [f"{name} ± {_format(width, unit)}" for name, width in widths.items() if width > max_uncertainty]
        sentences += [f"{', '.join(wide)}; at most {max_uncertainty:g}{unit} is allowed"] if wide else []
    return tuple(sentences)


def _format(size: float, unit: str) -> str:
    return f"{size:.3g}{unit}" if np.isfinite(size) else "unknown"
