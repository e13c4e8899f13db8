"""Medians and spreads that a few wrong labels cannot move."""

import warnings

import numpy as np
from jaxtyping import Float

# standard deviation of a normal distribution, in units of its median absolute deviation
MAD_TO_SIGMA = 1.4826


def nanmedian(values: Float[np.ndarray, "..."], axis: int | None = None) -> Float[np.ndarray, "..."]:
    """`np.nanmedian` without its warning; NaN where all values are NaN."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmedian(values, axis=axis))


def centre_and_sigma(
    values: Float[np.ndarray, "N S"],
) -> tuple[Float[np.ndarray, " S"], Float[np.ndarray, " S"]]:
    """Return median and robust standard deviation of each column, ignoring NaN.

    Returns:
        Centre (S,) and sigma (S,); NaN for a column without values.
    """
    centre = nanmedian(values, axis=0)
    return centre, MAD_TO_SIGMA * nanmedian(np.abs(values - centre), axis=0)
