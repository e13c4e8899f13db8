"""The gate of the labels."""

import json

from pipeline.registry.criteria.contest import Contest, Verdict


def validation(contest: Contest) -> Verdict:
    """Passes if the labels have no errors and no more warnings than allowed."""
    result, limit = json.loads(contest.validation.read_text()), contest.params.gates.max_warnings
    errors, warnings = int(result["errors"]), int(result["warnings"])
    numbers: dict[str, float] = {"errors": errors, "warnings": warnings}
    if limit is not None:
        numbers["limit"] = limit
    allowed = "" if limit is None else f", at most {limit}"
    passed = errors == 0 and (limit is None or warnings <= limit)
    return passed, f"{errors} errors, {warnings} warnings in the labels{allowed}", numbers
