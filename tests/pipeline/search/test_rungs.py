"""Rungs against closed forms, and who goes on against Optuna's own pruner."""

import random
from typing import Any

import optuna
import pytest
from optuna.pruners import SuccessiveHalvingPruner

from pipeline.search.rungs import Halving, bracket_of, ladder
from pipeline.search.settings import SearchSettings


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [
        (9, [(3, 1 / 3), (5, 0.6), (9, 1.0)]),
        (3, [(1, 1 / 3), (2, 0.5), (3, 1.0)]),
        (1, [(1, 1 / 9), (1, 1 / 3), (1, 1.0)]),
    ],
)
def test_each_rung_costs_a_third_of_the_next(epochs: int, expected: list[Any]) -> None:
    rungs = ladder(SearchSettings(epochs=epochs))
    assert [(rung.epochs, pytest.approx(rung.share)) for rung in rungs] == expected
    assert [rung.epochs * rung.share for rung in rungs] == pytest.approx([epochs / 9, epochs / 3, epochs])


def test_one_rung_is_the_whole_training() -> None:
    (rung,) = ladder(SearchSettings(rungs=1, epochs=7))
    assert (rung.epochs, rung.share, rung.limit) == (7, 1.0, None)


def _eta(reduction: int) -> SearchSettings:
    """Settings under which one in `reduction` goes on."""
    return SearchSettings(reduction=reduction, keep=1 / reduction, epochs=reduction**2)


@pytest.mark.parametrize("reduction", [2, 3, 4])
def test_who_goes_on_is_who_goes_on_in_optuna(reduction: int) -> None:
    """A hundred trials that are known to be good: at each rung the same decision as Optuna's successive halving."""
    rng, halving = random.Random(reduction), Halving(_eta(reduction))
    pruner = SuccessiveHalvingPruner(min_resource=1, reduction_factor=reduction)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(pruner=pruner)
    for number in range(100):
        trial, bests = study.ask(), []
        for rung, limited in enumerate(halving.rungs(number, known_good=True)):
            bests.append(rng.random())
            # Optuna's rungs are at the steps 1, reduction, reduction ** 2
            trial.report(bests[-1], reduction**rung)
            pruned = trial.should_prune()
            if rung == 2:  # the last one; Optuna would go on to a fourth
                break
            assert pruned == limited.ends(bests[-1])
            if pruned:
                break
        halving.tell(number, tuple(bests))
        study.tell(trial, bests[-1])


def test_brackets_begin_higher_and_are_compared_with_their_like() -> None:
    settings = SearchSettings(brackets=3, epochs=9, keep=1 / 3)
    brackets = [bracket_of(number, settings) for number in range(17)]
    assert brackets[0] == 0
    assert [brackets.count(bracket) for bracket in range(3)] == [9, 5, 3]
    halving = Halving(settings)
    begins_last = brackets.index(2)
    assert [rung.epochs for rung in halving.rungs(begins_last)] == [9]
    begins_second = brackets.index(1)
    assert [rung.epochs for rung in halving.rungs(begins_second)] == [5, 9]
    halving.tell(0, (1.0, 1.0, 1.0))
    assert halving.rungs(begins_second)[0].closed, "a trial of another bracket counts"
    for score in (3.0, 2.0):
        halving.tell(begins_second, (score,))
    assert [rung.limit for rung in halving.rungs(begins_second)] == [2.0, None]


def test_of_the_first_rung_one_in_three_goes_on_and_of_later_ones_at_least_one() -> None:
    halving = Halving(_eta(3))
    assert not any(rung.ends(9.9) for rung in halving.rungs(0)), "the first trial goes through all"
    assert halving.rungs(1)[0].closed
    assert not halving.rungs(1, known_good=True)[0].closed
    halving.tell(0, (5.0, 4.0, 3.0))
    assert halving.rungs(1)[0].closed
    halving.tell(1, (6.0,))
    first, second, last = halving.rungs(2)
    assert (first.limit, second.limit, last.limit) == (5.0, 4.0, None)
    assert (first.ends(5.0), first.ends(5.1), first.ends(float("nan"))) == (False, True, True)


def test_a_score_that_is_not_a_number_sets_no_limit() -> None:
    halving = Halving(SearchSettings(reduction=2))
    halving.tell(0, (float("nan"),))
    assert halving.rungs(1)[0].closed
