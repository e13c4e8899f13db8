"""The gate that compares the challenger with the champion in each slice."""

import numpy as np

from pipeline.registry.criteria.comparison import incomparable
from pipeline.registry.criteria.contest import Contest, Verdict


def slices(contest: Contest) -> Verdict:
    """Passes if no slice became worse than allowed; slices that cannot be compared are reported.

    Images without a value of a slice, for instance those that are older than its column, are no group of it.
    """
    if contest.champion is None:
        return True, "the first champion: there is none to compare with", {}
    challenger, champion = contest.challenger.examined, contest.champion.examined
    if challenger.metric != champion.metric:
        return False, incomparable(challenger, champion), {}
    gates, unit = contest.params.gates, challenger.metric.unit
    ratios, worse, small, unlabelled = dict[str, float](), list[str](), 0, list[str]()
    for name, values in challenger.cases.slices.items():
        for value in sorted(set(values) - {""}):
            mask, title = values == value, f"{name}={value}"
            if int(mask.sum()) < gates.min_slice_images:
                small += 1
                continue
            new, old = (side.metric.score_of(side.errors, mask).value for side in (challenger, champion))
            if np.isnan(new):
                unlabelled.append(title)
                continue
            ratios[title] = 1.0 if new == old else float(np.divide(new, old)) if old > 0 else float("inf")
            if not ratios[title] <= gates.max_slice_ratio:
                worse.append(f"{title} {old:.3f} -> {new:.3f}{unit}")
    remarks = f"; {small} with fewer than {gates.min_slice_images} images not gated" if small else ""
    remarks += f"; nothing is labelled in {', '.join(unlabelled)}" if unlabelled else ""
    if worse:
        return False, f"worse by more than {gates.max_slice_ratio:g} times: {', '.join(worse)}{remarks}", ratios
    if not ratios:
        return True, f"no slice to gate{remarks}", ratios
    top = max(ratios, key=ratios.__getitem__)
    summary = f"worst of {len(ratios)} slices: {top}, {ratios[top]:.2f} times the champion's"
    return True, f"{summary}, at most {gates.max_slice_ratio:g}{remarks}", ratios
