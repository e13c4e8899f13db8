"""The gate that compares the challenger with the champion over all people."""

import numpy as np

from pipeline.registry.criteria.contest import Contest, Verdict
from pipeline.registry.examine import Examination
from pipeline.scoring.bootstrap import paired_bootstrap


def comparison(contest: Contest) -> Verdict:
    """Passes if the challenger is better than the champion on the same images, by a paired bootstrap over subjects."""
    if contest.champion is None:
        return True, "the first champion: there is none to compare with", {}
    challenger, champion = contest.challenger.examined, contest.champion.examined
    if challenger.metric != champion.metric:
        return False, incomparable(challenger, champion), {}
    new, old = challenger.errors.error, champion.errors.error
    # an infinite error becomes twice the largest finite one, so that it counts; if both are infinite it is a tie
    worst = 2 * float(np.max(np.concatenate([new, old])[np.isfinite(np.concatenate([new, old]))]))
    new, old = np.where(np.isinf(new), worst, new), np.where(np.isinf(old), worst, old)
    settings = contest.params.evaluate
    result = paired_bootstrap(new, old, challenger.cases.subjects, settings.bootstrap, settings.seed)
    demanded = contest.params.gates.confidence
    reason = (
        f"mean error per image {result.difference:+.3f}{challenger.metric.unit} (95 % interval "
        f"{result.interval.low:+.3f} to {result.interval.high:+.3f}), better with confidence {result.better:.3f}, at "
        f"least {demanded:g}"
    )
    numbers = {
        "difference": result.difference,
        "low": result.interval.low,
        "high": result.interval.high,
        "better": result.better,
        f"champion_{champion.metric.name}": champion.score.value,
    }
    return result.better >= demanded, reason, numbers


def incomparable(challenger: Examination, champion: Examination) -> str:
    """Say that the two packages have different error metrics."""
    return f"cannot be compared: {champion.metric.title} of the champion, {challenger.metric.title} of the challenger"
