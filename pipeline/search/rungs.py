"""Successive halving: the trainings of growing length that a trial goes through, and who goes on to the next.

A trial is stopped at a rung unless it is among the best of those known at this rung: asynchronous successive halving
(Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020, section 3.2) in its stopping form, as in
Optuna's `SuccessiveHalvingPruner`, but for the first rung. The share that goes on is a setting of its own: with one in
`reduction`, as published, TPE and a misleading first rung confirm each other (benchmarks/RESULTS.md). Brackets are
those of Hyperband (Li et al., JMLR 18, 2018).
"""

import math
from bisect import insort

from pipeline.search.settings import SearchSettings
from pipeline.search.trial import Rung


def ladder(settings: SearchSettings) -> list[Rung]:
    """Return the rungs of a trial, the shortest first; the last has all epochs and all images.

    From a rung to the next, epochs times images are `reduction` times as many. Both take an equal part of it, as far as
    whole epochs allow.
    """
    rungs = []
    for below in reversed(range(settings.rungs)):
        factor = settings.reduction**below
        epochs = max(1, round(settings.epochs / math.sqrt(factor)))
        rungs.append(Rung(epochs=epochs, share=min(1.0, settings.epochs / (epochs * factor))))
    return rungs


def bracket_of(number: int, settings: SearchSettings) -> int:
    """Return the bracket of a trial; in bracket s a trial begins at rung s.

    The brackets get as many trials as Hyperband gives them, so that each has about the same cost, in a fixed order.
    """
    top = settings.rungs
    sizes = [math.ceil(top / (top - s) * settings.reduction ** (top - 1 - s)) for s in range(settings.brackets)]
    had = [0] * len(sizes)
    bracket = 0
    for _ in range(number % sum(sizes) + 1):
        bracket = min(range(len(sizes)), key=lambda s: ((had[s] + 1) / sizes[s], s))
        had[bracket] += 1
    return bracket


class Halving:
    """Decides from the outcomes of earlier trials how good a trial must be at each rung to go on.

    Args:
        settings: Rungs, reduction and brackets.
    """

    def __init__(self, settings: SearchSettings) -> None:
        self._settings, self._ladder = settings, ladder(settings)
        self._reached: dict[tuple[int, int], list[float]] = {}

    def tell(self, number: int, bests: tuple[float, ...]) -> None:
        """Learn the best score of a trial in each rung that it went through."""
        bracket = bracket_of(number, self._settings)
        for rung, best in enumerate(bests, bracket):
            if not math.isnan(best):
                insort(self._reached.setdefault((bracket, rung), []), best)

    def rungs(self, number: int, known_good: bool = False) -> tuple[Rung, ...]:
        """Return the rungs of a trial with what it must reach in each to go on.

        With itself, a trial is one of m + 1 at a rung. It goes on if it is among the best `keep` (m + 1) of them,
        rounded down. At the first rung that may be none, so that the first trials, of which nothing is known, are only
        looked at. At later rungs, and for settings that are known to be good, it is at least one. The first trial of a
        study goes through all rungs, since the others are compared with it.
        """
        bracket = bracket_of(number, self._settings)
        ladder = self._ladder[bracket:]
        if number == 0:
            return tuple(ladder)
        limited = [
            self._limited(rung, (bracket, at), kept_at_least=int(known_good or at > bracket))
            for at, rung in enumerate(ladder[:-1], bracket)
        ]
        return (*limited, ladder[-1])

    def _limited(self, rung: Rung, place: tuple[int, int], kept_at_least: int) -> Rung:
        known = self._reached.get(place, [])
        kept = max(kept_at_least, math.floor(self._settings.keep * (len(known) + 1) + 1e-9))
        if kept == 0:
            return rung.model_copy(update={"closed": True})
        return rung.model_copy(update={"limit": known[kept - 1] if len(known) >= kept else None})
