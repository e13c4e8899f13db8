"""What a search needs to find good settings, against random search without pruning: replayed on a table of trainings.

The unit of cost is an epoch of all images; a rung with fewer images counts as its share. A search has reached a target
when a complete trial has a validation error that at most the stated share of all settings reach. Each repeat has a seed
of its own, and the intervals are of a bootstrap over the repeats.

Example:
    python -m benchmarks.search_table discs --out /tmp/table
    python -m benchmarks.search_pays discs --table /tmp/table --repeats 50
"""

import argparse
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import optuna
from rich.console import Console
from rich.table import Table

from benchmarks.search_table import PROBLEMS, key_of, load
from pipeline.search.proposals import Proposals
from pipeline.search.rungs import ladder
from pipeline.search.settings import SearchSettings
from pipeline.search.space import Space
from pipeline.search.trial import Outcome, Rung

RANDOM: dict[str, Any] = {"startup": 100_000, "rungs": 1}
SEARCHES: dict[str, dict[str, Any]] = {
    "random, no pruning": RANDOM,
    "random, halving": {"startup": 100_000},
    "TPE, no pruning": {"rungs": 1},
    "TPE, halving (default)": {},
    "TPE, one in three goes on": {"keep": 1 / 3},
    "TPE, halving, two brackets": {"brackets": 2},
    "TPE, halving, window 8": {"window": 8},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problem", choices=PROBLEMS)
    parser.add_argument("--table", type=Path, required=True, help="folder that search_table made")
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument(
        "--shares", type=float, nargs="+", default=[0.1, 0.05, 0.025], help="best settings to be reached"
    )
    parser.add_argument(
        "--most", type=int, default=400, help="trials after which a search is given up; its cost counts"
    )
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    problem = PROBLEMS[arguments.problem]
    outcomes = load(problem, arguments.table)
    errors = sorted(outcome.score for outcome in outcomes.values() if outcome.score is not None)
    targets = [errors[max(1, round(share * len(outcomes))) - 1] for share in arguments.shares]
    console = Console(width=160)
    console.print(
        f"{len(outcomes)} settings, {len(errors)} complete; errors: best {errors[0]:.3g}, median "
        f"{errors[len(errors) // 2]:.3g}; rank correlation of each rung with the last: "
        + ", ".join(f"{value:.2f}" for value in _correlations(outcomes))
    )
    costs = {
        name: np.array(
            [replay(problem, outcomes, targets, seed, arguments.most, **settings) for seed in range(arguments.repeats)]
        )
        for name, settings in SEARCHES.items()
    }
    table = Table(
        "search",
        *(f"best {share:.1%} (≤ {t:.3g})" for share, t in zip(arguments.shares, targets, strict=True)),
        box=None,
    )
    for name, found in costs.items():
        cells = [
            f"{found[:, k].mean():.0f} epochs, {_ratio(costs['random, no pruning'][:, k], found[:, k])}"
            for k in range(len(targets))
        ]
        table.add_row(name, *cells)
    console.print(table)


def replay(
    problem: ModuleType, outcomes: dict[str, Outcome], targets: list[float], seed: int, most: int, **search: Any
) -> list[float]:
    """Return the cost at which a search has reached each target."""
    params = problem.problem(seed=seed, trials=most, **search)
    settings = params.search
    proposals = Proposals(Space(params), settings)
    told: list[Outcome] = []
    spent, reached = 0.0, [math.inf] * len(targets)
    for number in range(most):
        while proposals.told <= number - settings.window:
            proposals.tell(told[proposals.told])
        trial = proposals.propose()
        rungs = proposals.rungs()
        values = {path: _nearest(of, trial.params[path]) for path, of in problem.SPACE.items()}
        outcome = look_up(outcomes[key_of(values)], rungs, settings)
        told.append(outcome)
        spent += sum(epochs * rung.share for epochs, rung in zip(outcome.rungs, rungs, strict=False))
        if outcome.score is not None:
            reached = [
                min(cost, spent) if outcome.score <= target else cost
                for cost, target in zip(reached, targets, strict=True)
            ]
        if max(reached) < math.inf:
            break
    return [min(cost, spent) for cost in reached]


def _nearest(of: list[Any], value: Any) -> Any:
    """Return the value of the table that a trial takes."""
    return value if value in of else min(of, key=lambda other: abs(math.log(other / value)))


def look_up(full: Outcome, rungs: tuple[Rung, ...], settings: SearchSettings) -> Outcome:
    """Return the outcome of a trial: what its settings brought in the table, as far as its rungs let it go."""
    whole = [(rung.epochs, rung.share) for rung in ladder(settings.model_copy(update={"rungs": 3}))]
    scores: list[float] = []
    epochs: list[int] = []
    best = math.inf
    for rung in rungs:
        at = whole.index((rung.epochs, rung.share))
        if at >= len(full.rungs):
            return Outcome(state="failed", scores=tuple(scores), rungs=tuple(epochs), reason=full.reason)
        begin = sum(full.rungs[:at])
        scores += full.scores[begin : begin + full.rungs[at]]
        epochs.append(full.rungs[at])
        best = full.bests[at]
        if rung.ends(best):
            return Outcome(state="pruned", scores=tuple(scores), rungs=tuple(epochs))
    return Outcome(state="complete", score=best, scores=tuple(scores), rungs=tuple(epochs))


def _ratio(random: np.ndarray, found: np.ndarray) -> str:
    """Return by how much fewer epochs are needed on average, with the 95 % interval over resampled repeats."""
    rng = np.random.default_rng(0)
    picks = rng.integers(0, len(found), (2000, len(found)))
    low, high = np.quantile(random[picks].mean(1) / found[picks].mean(1), [0.025, 0.975])
    return f"{random.mean() / found.mean():.1f} times fewer ({low:.1f} to {high:.1f})"


def _correlations(outcomes: dict[str, Outcome]) -> list[float]:
    from scipy.stats import spearmanr

    bests = np.array([outcome.bests for outcome in outcomes.values() if outcome.state == "complete"])
    return [float(spearmanr(bests[:, rung], bests[:, -1]).statistic) for rung in range(bests.shape[1] - 1)]


if __name__ == "__main__":
    main()
