"""Which frames deserve a label most, and some at random.

The criteria choose in turn, each the frame that it scores highest among those that are left. Frames close to one that
is labelled or chosen are passed over, since neighbours look alike. A stated share is drawn at random from all frames:
labels of what a model finds difficult alone would make a test set that is harder than what clinics film.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from heelstrike.serve.label.criteria import CRITERIA, Scored, View

RANDOM = "random"
_APART = 5  # frames that are passed over on either side of a chosen one


@dataclass(frozen=True)
class Footage:
    """An image or a video whose frames can be chosen.

    Attributes:
        name: What it is called; the random choice depends on it, so that it stays the same when others come.
        view: Its results.
        labelled: Frames that have a label already.
    """

    name: str
    view: View
    labelled: frozenset[int] = frozenset()

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.view.signals.points)


@dataclass(frozen=True)
class Chosen:
    """A chosen frame.

    Attributes:
        footage: Its place in the list of footage.
        frame: Its number.
        by: The criterion that chose it, or `random`.
        reasons: Why it deserves a label, as sentences without their points.
    """

    footage: int
    frame: int
    by: str
    reasons: tuple[str, ...]


@dataclass
class _Taken:
    """Frames that are not chosen any more."""

    frames: list[set[int]] = field(default_factory=list)

    def near(self, footage: int, frame: int, apart: int) -> bool:
        return any(other in self.frames[footage] for other in range(frame - apart, frame + apart + 1))


def choose(footage: Sequence[Footage], count: int, random_share: float, seed: int) -> list[Chosen]:
    """Choose frames to label.

    Args:
        footage: What can be chosen from.
        count: Number of frames to choose.
        random_share: Share of them that is drawn at random, 0 to 1, rounded up.
        seed: Seed of the draw.

    Returns:
        At most `count` frames, in the order in which they should be labelled: those drawn at random are spread evenly,
        so that the share holds wherever a person stops. Equal arguments give equal frames.
    """
    scored = [{name: criterion(one.view) for name, criterion in CRITERIA.items()} for one in footage]
    taken = _Taken([set(one.labelled) for one in footage])
    by_criteria, at_random = _by_criteria(footage, scored, taken), _at_random(footage, taken, seed)
    chosen: list[Chosen] = []
    drawn = 0
    while len(chosen) < count:
        wants_random = drawn < np.ceil(random_share * (len(chosen) + 1) - 1e-9)
        following = next(at_random if wants_random else by_criteria, None)
        if following is None:
            if wants_random or random_share == 0:
                break
            following = next(at_random, None)  # nothing else is left that stands out
            if following is None:
                break
        drawn += following.by == RANDOM
        taken.frames[following.footage].add(following.frame)
        chosen.append(following)
    return chosen


def _by_criteria(footage: Sequence[Footage], scored: list[dict[str, Scored]], taken: _Taken) -> Iterator[Chosen]:
    """Yield frames that the criteria choose in turn, until none has one left."""
    ranked = {name: iter(_ranked(scored, name)) for name in CRITERIA}
    while ranked:
        for name in list(ranked):
            free = ((f, frame) for f, frame in ranked[name] if not taken.near(f, frame, _APART))
            best = next(free, None)
            if best is None:
                del ranked[name]
                continue
            where, frame = best
            yield Chosen(where, frame, name, _reasons(scored[where], frame, name))


def _ranked(scored: list[dict[str, Scored]], name: str) -> Iterable[tuple[int, int]]:
    """Return (footage, frame) of all frames with a score, the highest first."""
    scores = [one[name].scores for one in scored]
    where = np.repeat(np.arange(len(scores)), [len(one) for one in scores])
    frames = np.concatenate([np.arange(len(one)) for one in scores]) if scores else np.empty(0, int)
    values = np.concatenate(scores) if scores else np.empty(0)
    order = np.argsort(-values, kind="stable")  # NaN comes last
    order = order[: int(np.isfinite(values).sum())]
    return zip(where[order].tolist(), frames[order].tolist(), strict=True)


def _reasons(scored: dict[str, Scored], frame: int, first: str) -> tuple[str, ...]:
    """Return the words of the criterion that chose a frame, and of the others that say something about it."""
    names = [first, *(name for name in CRITERIA if name not in (first, "radius"))]
    return tuple(scored[name].words(frame) for name in names if np.isfinite(scored[name].scores[frame]))


def _at_random(footage: Sequence[Footage], taken: _Taken, seed: int) -> Iterator[Chosen]:
    """Yield frames in an order that depends on the seed and the footage's name, and on nothing else."""
    draws = [np.random.default_rng([seed, *one.name.encode()]).random(one.frames) for one in footage]
    where = np.repeat(np.arange(len(draws)), [len(draw) for draw in draws])
    frames = np.concatenate([np.arange(len(draw)) for draw in draws]) if draws else np.empty(0, int)
    values = np.concatenate(draws) if draws else np.empty(0)
    for at in np.argsort(values, kind="stable"):
        place, frame = int(where[at]), int(frames[at])
        if frame not in taken.frames[place]:
            yield Chosen(place, frame, RANDOM, ("drawn at random, so that not only what is difficult is labelled",))
