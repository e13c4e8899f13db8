"""Agreement of two people who labelled the same frames, in pixels and in what is measured.

Limits of agreement are those of Bland and Altman (Lancet 1986): mean difference ± 1.96 standard deviations. The frames
of one video resemble each other, so the limits are narrower than those of as many people.
"""

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Annotated

import numpy as np
from jaxtyping import Float
from pydantic import Field, TypeAdapter

from heelstrike.measure.build import build_measure
from heelstrike.measure.settings import MeasureSettings
from heelstrike.serve.label.records import HIDDEN, LabelFile, Revision, Target
from heelstrike.serve.records import Record

_LIMIT = 1.96  # standard deviations on either side that hold 95 % of a normal distribution

Pair = tuple[LabelFile, Revision, Revision]


class Spread(Record):
    """Differences, the second person's value minus the first one's."""

    n: int
    mean: float
    sd: Annotated[float | None, Field(description="standard deviation; null for fewer than two")]
    low: Annotated[float | None, Field(description="lower limit of agreement: mean - 1.96 sd")]
    high: Annotated[float | None, Field(description="upper limit of agreement: mean + 1.96 sd")]


class PointAgreement(Record):
    """Agreement on one keypoint."""

    keypoint: str
    distance_px: Annotated[Spread | None, Field(description="of the two points; null if none was labelled by both")]
    x_px: Spread | None
    y_px: Spread | None
    one_only: Annotated[int, Field(description="frames in which only one of the two labelled the point")]
    visibility: Annotated[int, Field(description="frames in which both labelled it, one as hidden, one as visible")]


class ValueAgreement(Record):
    """Agreement on one measured value."""

    value: str
    unit: str
    difference: Spread | None


class Agreement(Record):
    """Agreement of two people on a problem."""

    problem: str
    first: str
    second: str
    frames: Annotated[int, Field(description="frames that both labelled, neither seeing what the other had said")]
    points: tuple[PointAgreement, ...]
    all_points: Annotated[Spread | None, Field(description="distances of all keypoints together, pixels")]
    values: tuple[ValueAgreement, ...]


def agreements(labels: Iterable[LabelFile]) -> list[Agreement]:
    """Return the agreement of every two people who labelled a frame independently, by problem and names.

    Two users of one name, the one after the other, are two people.

    Labels of other keypoints, for instance of an earlier version of the problem, have an agreement of their own.
    What a person said about a frame is the person's second reading, or the label as long as nobody else had saved it
    before (`FrameLabels.own`).
    """
    pairs: dict[tuple[str, ...], list[Pair]] = {}
    for file in labels:
        for one, other in _pairs(file):
            people = (one.who, other.who, one.author.key, other.author.key)
            pairs.setdefault((file.target.problem, *people, *file.target.keypoints), []).append((file, one, other))
    return [_agreement(of[0], of[1], of[2], pairs[of]) for of in sorted(pairs)]


def _pairs(file: LabelFile) -> Iterator[tuple[Revision, Revision]]:
    for said in file.frames.values():
        people = {revision.author for revision in (*said.readings.values(), *said.revisions)}
        in_order = sorted(people, key=lambda who: (who.name, who.key))
        own = [revision for who in in_order if (revision := said.own(who)) is not None]
        yield from (pair for pair in itertools.combinations(own, 2) if not _may_be_one(*pair))


def _may_be_one(one: Revision, other: Revision) -> bool:
    """Return True for a user and somebody of that name from before there were accounts."""
    return one.who == other.who and None in (one.by_id, other.by_id)


def _agreement(problem: str, first: str, second: str, pairs: list[Pair]) -> Agreement:
    keypoints = pairs[0][0].target.keypoints
    said = [[first for _, first, _ in pairs], [second for _, _, second in pairs]]
    one, other = (np.array([[point.xy for point in revision.points] for revision in side]) for side in said)
    seen = [np.array([[point.v for point in revision.points] for revision in side]) for side in said]
    difference = other - one
    distance = np.linalg.norm(difference, axis=2)
    points = tuple(
        PointAgreement(
            keypoint=name,
            distance_px=_spread(distance[:, k]),
            x_px=_spread(difference[:, k, 0]),
            y_px=_spread(difference[:, k, 1]),
            one_only=int(((seen[0][:, k] >= HIDDEN) != (seen[1][:, k] >= HIDDEN)).sum()),
            visibility=int(((seen[0][:, k] != seen[1][:, k]) & np.isfinite(distance[:, k])).sum()),
        )
        for k, name in enumerate(keypoints)
    )
    return Agreement(
        problem=problem,
        first=first,
        second=second,
        frames=len(pairs),
        points=points,
        all_points=_spread(distance.ravel()),
        values=_values(pairs[-1][0].target, one, other),
    )


def _values(
    target: Target, one: Float[np.ndarray, "N K 2"], other: Float[np.ndarray, "N K 2"]
) -> tuple[ValueAgreement, ...]:
    """Return the agreement on what the measure of the problem makes of the points; empty without a measure of images.

    Lengths are left out, since they need the size of each image's pixels.
    """
    if target.measure is None:
        return ()
    settings: MeasureSettings = TypeAdapter(MeasureSettings).validate_python(target.measure)
    measure = build_measure(settings, target.keypoints, 0.0)
    if measure is None:
        return ()
    differences = measure.differences(other, one)
    return tuple(
        ValueAgreement(value=name, unit=unit, difference=_spread(differences[:, column]))
        for column, (name, unit) in enumerate(zip(measure.quantities, measure.units, strict=True))
        if unit in ("deg", "ratio")
    )


def _spread(differences: Float[np.ndarray, " N"]) -> Spread | None:
    known = differences[np.isfinite(differences)]
    if not len(known):
        return None
    mean = float(known.mean())
    sd = float(known.std(ddof=1)) if len(known) > 1 else math.nan
    limits = (None, None, None) if math.isnan(sd) else (sd, mean - _LIMIT * sd, mean + _LIMIT * sd)
    return Spread(n=len(known), mean=mean, sd=limits[0], low=limits[1], high=limits[2])
