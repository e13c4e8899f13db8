"""The gate that compares the challenger with the champion over all people.

The account of the test split says how much confidence the comparison needs. A challenger that is not better on the
people of the validation split either is refused without using the test split.
"""

import numpy as np

from pipeline.registry.criteria.advice import people_to_label
from pipeline.registry.criteria.compared import Compared, compared_errors, incomparable
from pipeline.registry.criteria.contest import Contest, Verdict
from pipeline.registry.spending import needed_confidence, people_needed
from pipeline.scoring.bootstrap import Interval
from pipeline.scoring.people import PersonErrors, person_errors
from pipeline.scoring.signed_rank import signed_rank_p, typical_difference

NEEDED = "needed"
"""Name of the number that is there if the comparison used the test split."""

_ADVISE_FROM = 0.999  # from this needed confidence on, new test people are worth more than new candidates


def comparison(contest: Contest) -> Verdict:
    """Passes if the challenger's errors are lower than the champion's, person by person, with the needed confidence."""
    if contest.champion is None:
        return True, "the first champion: there is none to compare with", {}
    if contest.retiring:
        return True, contest.retiring, {}
    if (reason := incomparable(contest)) is not None:
        return False, reason, {}
    if contest.screen is not None and not contest.screen.passed:
        return False, str(contest.screen), {"screen": contest.screen.confidence}
    champion = contest.champion.examined
    compared = compared_errors(contest.params, contest.challenger.examined, champion)
    errors = person_errors(compared.challenger, compared.champion, compared.subjects)
    confidence = 1 - signed_rank_p(errors.relative)
    needed = needed_confidence(contest.params.gates.confidence, contest.standing.uses)
    typical, interval = typical_difference(errors.relative)
    numbers = {
        "difference": float(np.mean(errors.challenger) - np.mean(errors.champion)),
        "relative": typical,
        "low": interval.low,
        "high": interval.high,
        "confidence": confidence,
        NEEDED: needed,
        "uses": contest.standing.uses,
        "people": float(len(errors.people)),
        f"champion_{champion.metric.name}": champion.score.value,
    }
    reason = (
        f"{_change(errors, compared, typical, interval)}; better with confidence {_digits(confidence)}, at least "
        f"{_digits(needed)}{_account(contest)}{_advice(contest, needed, len(errors.people))}"
    )
    return confidence >= needed, reason, numbers


def _change(errors: PersonErrors, compared: Compared, typical: float, interval: Interval) -> str:
    """The typical change of a person's error with its interval, and the means in the unit."""
    new, old = float(np.mean(errors.challenger)), float(np.mean(errors.champion))
    people = f"{len(errors.people)} {'images of one person' if compared.of_one_person else 'people'}"
    ends = f"{_percent(interval.low)} to {_percent(interval.high)}" if np.isfinite(interval.low) else "unknown"
    return (
        f"error of {people} {_percent(typical)} % (95 % interval {ends}), in the mean {old:.3f} -> {new:.3f}"
        f"{compared.unit}"
    )


def _percent(relative: float) -> str:
    """Return a relative difference, which is by the mean of both errors, as a change by the champion's error."""
    limited = min(relative, 1.9)
    return f"{100 * 2 * limited / (2 - limited):+.0f}"


def _digits(confidence: float) -> str:
    """Return a confidence with as many digits as tell it from 1."""
    return f"{confidence:.{4 if confidence < 0.999 else 6}f}"


def _account(contest: Contest) -> str:
    standing = contest.standing
    if standing.uses < 0.05:
        return ", the first use of these test people"
    times = f"{standing.uses:.1f}".removesuffix(".0")
    fresh = f" ({standing.new_people} of them are new)" if standing.new_people else ""
    return f", since these test people{fresh} were used {times} times before"


def _advice(contest: Contest, needed: float, people: int) -> str:
    least = people_needed(needed)
    if people < least:
        return f"; {people} people cannot show that, at least {least} can: {people_to_label(contest)}"
    return f"; the split is nearly spent: {people_to_label(contest)}" if needed >= _ADVISE_FROM else ""
