"""Agreement of two orders of the same rows, with bootstrap intervals over rows and over the test images' people.

The interval over rows says how much the agreement depends on which rows were chosen. The interval over people says how
much it depends on who was tested; it holds for these rows only. Neither covers the variation between two trainings of
a row. Both are percentile intervals of 95 %; with few rows they are wide, and somewhat too narrow all the same.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.stats import kendalltau, rankdata, spearmanr

from pipeline.grid.image_errors import ImageErrors
from pipeline.scoring.bootstrap import ClusterBootstrap, Interval, interval

_FEWEST = 3  # smallest number of rows of a rank correlation
_SAMPLES, _SEED = 2000, 1
_CHUNK = 2**21  # numbers of a matrix of pairs in memory at a time
_NONE = Interval(float("nan"), float("nan"))


class Correlation(NamedTuple):
    """A rank correlation.

    Attributes:
        value: From -1 to 1; NaN with fewer than three rows or if all values of one side are equal.
        p: Two-sided p value.
        rows: 95 % interval over rows.
        people: 95 % interval over the people of the test images; NaN if the errors of single images are not known.
    """

    value: float
    p: float
    rows: Interval = _NONE
    people: Interval = _NONE


class Agreement(NamedTuple):
    """Agreement of the published order of the rows and the measured order, by one metric.

    Attributes:
        rows: Number of rows with both values.
        spearman: Spearman's rho.
        kendall: Kendall's tau-b.
    """

    rows: int
    spearman: Correlation
    kendall: Correlation


def agree(
    published: Float[np.ndarray, "R"], ours: Float[np.ndarray, "R"], images: ImageErrors | None = None
) -> Agreement:
    """Return the rank correlations over the rows with both values.

    Args:
        published: Published value of each row, NaN if there is none.
        ours: Measured value of each row, NaN if there is none.
        images: Errors of the rows with both values on the test images, for the interval over people; `None` if they
            are not known.
    """
    both = np.isfinite(published) & np.isfinite(ours)
    a, b = published[both], ours[both]
    if len(a) < _FEWEST or len(set(a)) < 2 or len(set(b)) < 2:
        none = Correlation(float("nan"), float("nan"))
        return Agreement(len(a), none, none)
    rho, tau = spearmanr(a, b), kendalltau(a, b)
    drawn = np.random.default_rng(_SEED).integers(len(a), size=(_SAMPLES, len(a)))
    over_rows = _intervals(a[drawn], b[drawn])
    over_people = (_NONE, _NONE) if images is None else _intervals(a, _errors_of_draws(images))
    return Agreement(
        len(a),
        Correlation(float(rho.statistic), float(rho.pvalue), over_rows[0], over_people[0]),
        Correlation(float(tau.statistic), float(tau.pvalue), over_rows[1], over_people[1]),
    )


def _errors_of_draws(images: ImageErrors) -> Float[np.ndarray, "B R"]:
    """Return the mean errors of the rows for each draw of people; all rows get the same draws."""
    draws = ClusterBootstrap(images.people, _SAMPLES, _SEED)
    return np.stack([draws.mean(errors) for errors in images.values], axis=1)


def _intervals(a: Float[np.ndarray, "*B R"], b: Float[np.ndarray, "B R"]) -> tuple[Interval, Interval]:
    a = np.broadcast_to(a, b.shape)
    return interval(spearman(a, b)), interval(kendall(a, b))


def spearman(a: Float[np.ndarray, "B R"], b: Float[np.ndarray, "B R"]) -> Float[np.ndarray, "B"]:
    """Return Spearman's rho of each pair of lines; NaN where a line has one value only."""
    x, y = (rankdata(side, axis=1) for side in (a, b))
    x, y = (side - side.mean(axis=1, keepdims=True) for side in (x, y))
    return _ratio((x * y).sum(axis=1), (x * x).sum(axis=1), (y * y).sum(axis=1))


def kendall(a: Float[np.ndarray, "B R"], b: Float[np.ndarray, "B R"]) -> Float[np.ndarray, "B"]:
    """Return Kendall's tau-b of each pair of lines; NaN where a line has one value only."""
    step = max(1, _CHUNK // a.shape[1] ** 2)
    parts = []
    for start in range(0, len(a), step):
        x, y = (np.sign(side[start : start + step, :, None] - side[start : start + step, None, :]) for side in (a, b))
        parts.append(_ratio(*((one * other).sum(axis=(1, 2)) for one, other in ((x, y), (x, x), (y, y)))))
    return np.concatenate(parts)


def _ratio(
    product: Float[np.ndarray, "B"], a: Float[np.ndarray, "B"], b: Float[np.ndarray, "B"]
) -> Float[np.ndarray, "B"]:
    scale = np.sqrt(a * b)
    return np.divide(product, scale, out=np.full(len(scale), np.nan), where=scale > 0)
