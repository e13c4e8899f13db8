"""The agreement of two people in words, for the terminal."""

from collections.abc import Iterator

from heelstrike.numbers import fixed
from heelstrike.serve.label.agreement import Agreement, Spread
from heelstrike.units import symbol


def agreement_lines(agreement: Agreement) -> Iterator[str]:
    """Yield lines that say how far two people agree."""
    one = agreement
    yield f"{one.problem}: {one.first} and {one.second} labelled {one.frames} frames independently"
    if one.all_points is not None:
        sd = "" if one.all_points.sd is None else f" (SD {fixed(one.all_points.sd, 2)} px)"
        yield f"  all points: {fixed(one.all_points.mean, 2)} px apart on average{sd}, n = {one.all_points.n}"
    for point in one.points:
        if point.distance_px is not None:
            only = f", {point.one_only} labelled by one only" if point.one_only else ""
            yield f"  {point.keypoint}: {fixed(point.distance_px.mean, 2)} px apart, n = {point.distance_px.n}{only}"
    for value in one.values:
        if value.difference is not None:
            yield f"  {value.value}: {spread_words(value.difference, symbol(value.unit))}"


def spread_words(spread: Spread, unit: str) -> str:
    """Return mean, standard deviation and limits of agreement in words."""
    words = f"mean difference {fixed(spread.mean, 2, signed=True)}{unit}"
    if spread.sd is not None and spread.low is not None and spread.high is not None:
        low, high = (fixed(limit, 2, signed=True) for limit in (spread.low, spread.high))
        words += f", SD {fixed(spread.sd, 2)}{unit}, limits of agreement {low} to {high}{unit}"
    return f"{words}, n = {spread.n}"
