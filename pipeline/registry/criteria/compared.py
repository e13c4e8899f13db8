"""The errors on which challenger and champion are compared: those of the first head, or of the measurement."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped

from pipeline.params import ProblemParams
from pipeline.registry.criteria.contest import Contest
from pipeline.registry.examine import Examination
from pipeline.scoring.measurement import measurement_errors


@dataclass(frozen=True)
class Compared:
    """Errors of N images by both models, finite or NaN.

    Attributes:
        challenger: Error of each image; NaN where the truth is unknown.
        champion: The same of the champion.
        subjects: Person of each image, or its name if all are of one person.
        unit: Text that follows an error, for instance ` px`.
        of_one_person: True if all images are of one person: what is found holds for that person only.
    """

    challenger: Float[np.ndarray, "N"]
    champion: Float[np.ndarray, "N"]
    subjects: Shaped[np.ndarray, "N"]
    unit: str
    of_one_person: bool


def compared_errors(params: ProblemParams, challenger: Examination, champion: Examination) -> Compared:
    """Errors of both models by `gates.compare_on`.

    An infinite error (a prediction that is not finite, or a measurement that is not defined) becomes twice the largest
    finite one, so that it counts; if both models have it, it is a tie.
    """
    if params.gates.compare_on == "measurement":
        assert params.measure is not None
        keypoints = params.problem.keypoints
        new, unit = measurement_errors(challenger.cases, params.measure, keypoints)
        old, _ = measurement_errors(champion.cases, params.measure, keypoints)
    else:
        new, old, unit = challenger.errors.error, champion.errors.error, challenger.metric.unit
    both = np.concatenate([new, old])
    worst = 2 * float(np.max(both[np.isfinite(both)], initial=0.5))
    new, old = np.where(np.isinf(new), worst, new), np.where(np.isinf(old), worst, old)
    cases = challenger.cases
    of_one_person = len(set(cases.subjects)) == 1
    return Compared(new, old, cases.images if of_one_person else cases.subjects, unit, of_one_person)


def incomparable(contest: Contest) -> str | None:
    """Say why challenger and champion cannot be compared; `None` if they can."""
    assert contest.champion is not None
    new, old = contest.challenger.examined.metric, contest.champion.examined.metric
    if contest.params.gates.compare_on == "error" and new != old:
        return f"cannot be compared: {old.title} of the champion, {new.title} of the challenger"
    return None
