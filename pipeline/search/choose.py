"""The choice among the trials of a study, by a rule."""

from optuna.trial import FrozenTrial, TrialState

from heelstrike.errors import UserError
from pipeline.search.record import reason_of
from pipeline.search.settings import SearchSettings


def choose(trials: list[FrozenTrial], settings: SearchSettings) -> FrozenTrial:
    """Return the trial whose settings are to be trained.

    With one objective it is the trial with the lowest error if it beats the first one (params.yaml) by `margin`, else
    the first. With several, this trial is the reference, and the one is chosen that is best in the second objective
    among those whose error is at most `within` above the reference's; ties go to the next objective, then to the lower
    error. It is on the Pareto front, or equal to one on it.

    Raises:
        UserError: No trial was completed.
    """
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    if not complete:
        reasons = "; ".join(f"trial {t.number}: {reason_of(t) or t.state.name.lower()}" for t in trials)
        raise UserError(f"search: no trial was completed ({reasons}); change train or search.space")
    reference = _lowest(trials[0], complete, settings.margin)
    if len(settings.objectives) == 1:
        return reference
    accepted = [trial for trial in complete if trial.values[0] <= (1 + settings.within) * reference.values[0]]
    return min(accepted, key=lambda trial: (*trial.values[1:], trial.values[0], trial.number))


def _lowest(given: FrozenTrial, complete: list[FrozenTrial], margin: float) -> FrozenTrial:
    best = min(complete, key=lambda trial: (trial.values[0], trial.number))
    if given.state != TrialState.COMPLETE:
        return best
    return best if best.values[0] < (1 - margin) * given.values[0] else given


def front(trials: list[FrozenTrial]) -> list[int]:
    """Return the numbers of the complete trials that no other is better than in one objective and equal in the rest."""
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    return [trial.number for trial in complete if not any(_dominates(other, trial) for other in complete)]


def _dominates(one: FrozenTrial, other: FrozenTrial) -> bool:
    return one.values != other.values and all(a <= b for a, b in zip(one.values, other.values, strict=True))
