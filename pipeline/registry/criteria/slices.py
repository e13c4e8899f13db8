"""The gate that asks of each slice whether its people became worse than the margin allows.

The margin is in the unit of the error. Each person's error is compared with the champion's plus the margin, as a
relative difference, so that one person with a huge error does not decide; Student's t test asks whether the mean of the
people's differences is above or below zero. Holm's method (A simple sequentially rejective multiple test procedure,
Scandinavian Journal of Statistics 6, 1979) keeps one error rate for all slices together: with a probability of at most
`ERROR_RATE` a challenger is refused although no slice is worse by more than the margin.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import t as student

from pipeline.registry.criteria.compared import compared_errors, incomparable
from pipeline.registry.criteria.contest import Contest, Verdict
from pipeline.scoring.people import PersonErrors, person_errors

ERROR_RATE = 0.05
DEFAULT_MARGIN = 0.25
"""Margin of the slices, as a share of the champion's mean error over all people."""


@dataclass(frozen=True)
class SliceChange:
    """What became of the people of a slice.

    Attributes:
        title: Name and value of the slice.
        people: Number of people.
        old: Mean error of its people by the champion.
        new: Mean error of its people by the challenger.
        p_worse: Probability of such errors if the slice is worse by no more than the margin.
        p_held: Probability of such errors if the slice is worse by the margin or more.
    """

    title: str
    people: int
    old: float
    new: float
    p_worse: float
    p_held: float


def slices(contest: Contest) -> Verdict:
    """Passes if no slice is shown to be worse by more than the margin; what cannot be shown either way is reported.

    Images without a value of a slice, for instance those that are older than its column, are no group of it.
    """
    if contest.champion is None:
        return True, "the first champion: there is none to compare with", {}
    if (reason := incomparable(contest)) is not None:
        return False, reason, {}
    changes, remarks, margin, unit = _changes(contest)
    worse = rejected({change.title: change.p_worse for change in changes})
    held = rejected({change.title: change.p_held for change in changes})
    numbers = {change.title: change.new - change.old for change in changes} | {"margin": margin}
    unsure = [change for change in changes if change.title not in worse | held]
    if unsure:
        remarks.insert(0, f"not sure in {_listed(unsure, unit)}")
    ending = "".join(f"; {remark}" for remark in remarks)
    if worse:
        failed = [change for change in changes if change.title in worse]
        return False, f"worse by more than {margin:.3g}{unit}: {_listed(failed, unit)}{ending}", numbers
    if not changes:
        return True, f"no slice has enough people to be judged{ending}", numbers
    sure = f"{len(held)} of {len(changes)} slices are shown to be no worse by {margin:.3g}{unit} or more"
    return True, f"{sure}, none to be worse{ending}", numbers


def _changes(contest: Contest) -> tuple[list[SliceChange], list[str], float, str]:
    """The slices that can be judged, remarks on the others, the margin and its unit."""
    assert contest.champion is not None
    gates, cases = contest.params.gates, contest.challenger.examined.cases
    compared = compared_errors(contest.params, contest.challenger.examined, contest.champion.examined)
    everyone = person_errors(compared.challenger, compared.champion, compared.subjects)
    margin = gates.slice_margin or DEFAULT_MARGIN * float(np.mean(everyone.champion))
    changes, small, unlabelled = list[SliceChange](), list[str](), list[str]()
    scored = ~(np.isnan(compared.challenger) | np.isnan(compared.champion))
    for name, values in cases.slices.items():
        for value in sorted(set(values) - {""}):
            mask, title = (values == value) & scored, f"{name}={value}"
            if not mask.any():
                unlabelled.append(title)
                continue
            errors = person_errors(compared.challenger[mask], compared.champion[mask], compared.subjects[mask])
            if len(errors.people) < gates.min_slice_people:
                small.append(f"{title} ({len(errors.people)})")
            else:
                changes.append(slice_change(title, errors, margin))
    remarks = [f"too few people to judge {', '.join(small)}, {gates.min_slice_people} are needed"] if small else []
    if unlabelled:
        remarks.append(f"nothing is labelled in {', '.join(unlabelled)}")
    return changes, remarks, margin, compared.unit


def slice_change(title: str, errors: PersonErrors, margin: float) -> SliceChange:
    """Compare the people of a slice with the margin, which is in the unit of the errors."""
    new, old = float(np.mean(errors.challenger)), float(np.mean(errors.champion))
    p_worse, p_held = _t_tests(errors._replace(champion=errors.champion + margin).relative)
    return SliceChange(title, len(errors.people), old, new, p_worse, p_held)


def _t_tests(values: Float[np.ndarray, "P"]) -> tuple[float, float]:
    """One-sided p-values: that the mean is above zero, and that it is below."""
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))
    if error == 0:
        return (0.0, 1.0) if mean > 0 else (1.0, 0.0) if mean < 0 else (1.0, 1.0)
    above = float(student.sf(mean / error, len(values) - 1))
    return above, 1 - above


def rejected(p_values: dict[str, float]) -> set[str]:
    """Names of the hypotheses that Holm's method rejects."""
    rejected = set[str]()
    for rank, name in enumerate(sorted(p_values, key=p_values.__getitem__)):
        if p_values[name] > ERROR_RATE / (len(p_values) - rank):
            break
        rejected.add(name)
    return rejected


def _listed(changes: list[SliceChange], unit: str) -> str:
    return ", ".join(f"{c.title} {c.old:.3f} -> {c.new:.3f}{unit} ({c.people} people)" for c in changes)
