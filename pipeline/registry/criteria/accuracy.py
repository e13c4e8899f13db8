"""The gates of the challenger's own accuracy: finite predictions, its error, its measurement's error."""

import numpy as np

from pipeline.registry.criteria.contest import Contest, Verdict
from pipeline.scoring.measurement import measurement_error


def finite(contest: Contest) -> Verdict:
    """Passes if the package's prediction is finite for every image: each number of each head."""
    run = contest.challenger.examined.run
    parts = [np.isfinite(values).reshape(len(run), -1).all(axis=1) for values in run.answers.values()]
    broken = int((~np.all(parts, axis=0)).sum())
    return broken == 0, f"{broken} of {len(run)} test images gave no finite prediction", {"images": broken}


def error(contest: Contest) -> Verdict:
    """Passes if the error is within the limit."""
    score, limit = contest.challenger.examined.score, contest.params.gates.max_error
    numbers = {contest.challenger.examined.metric.name: score.value}
    if limit is None:
        return bool(np.isfinite(score.value)), f"{score}, {score.pooling}; no limit in params", numbers
    return score.value <= limit, f"{score}, at most {limit:g}; {score.pooling}", numbers | {"limit": limit}


def measurement(contest: Contest) -> Verdict:
    """Passes if the median error of the measurement is within the limit."""
    settings, limit = contest.params.measure, contest.params.gates.max_measure_error
    if settings is None:
        return True, "the problem has no `measure`", {}
    measured = measurement_error(contest.challenger.examined.cases, settings, contest.params.problem.keypoints)
    score, numbers = measured.score, {"median": measured.score.value}
    if limit is None:
        return True, f"{score}, {score.pooling}; no limit in params", numbers
    if not measured.labelled:
        return False, "no test image has a measurement to compare with", {}
    undefined = f"; {measured.undefined} of {measured.labelled} could not be measured" if measured.undefined else ""
    reason = f"{score}, at most {limit:g}; {score.pooling}{undefined}"
    return score.value <= limit, reason, numbers | {"limit": limit}
