"""The gate of pictures that the network was never taught."""

import math

from pipeline.registry.criteria.contest import Contest, Verdict
from pipeline.scoring.format import share


def disturbed(contest: Contest) -> Verdict:
    """Passes if hardly any measured value on disturbed pictures is wrong without a half-width that covers it."""
    if contest.params.package.disturbed is None:
        return True, "the problem has no `package.disturbed`", {}
    result, limit = contest.challenger.disturbed, contest.params.gates.max_disturbed_off
    if result is None:
        return False, "the package was not shown disturbed pictures", {}
    total, found = result.total, result.off_share
    if math.isnan(found):
        return False, f"none of {total.pictures} disturbed pictures was measured, so nothing is known", {}
    worst = max(result.kinds, key=lambda kind: result.kinds[kind].uncovered)
    most = f"; most of them ({result.kinds[worst].uncovered}): {worst}" if total.uncovered else ""
    reason = (
        f"{total.uncovered} of {total.measured} measured disturbed pictures ({share(found)}) are off by more than "
        f"{result.settings.limit:g} and not covered by their half-width, at most {share(limit)}{most}"
    )
    return found <= limit, reason, {"disturbed_off_share": found, "limit": limit}
