"""All numbers of a model on a split, nested by group, as metrics.json holds them."""

from collections import Counter
from typing import Any

import numpy as np

from heelstrike.measure.base import Measurement
from pipeline.heads.evaluation import Groups, Scores
from pipeline.scoring.cases import Truth
from pipeline.scoring.score import rounded


def summarise(truth: Truth, heads: list[Scores]) -> Groups:
    """Metrics by group; a number that cannot be had (no missing points, one subject) is NaN.

    Args:
        truth: The split.
        heads: What the model says about it.

    Returns:
        `images` (counts) and the groups of each head, see `Scores.groups`.
    """
    counts = truth.labelled.sum(axis=1)
    groups: Groups = {
        "images": {
            "count": len(truth.index),
            "subjects": len(set(truth.subjects)),
            "without_labelled_point": int((counts == 0).sum()),
            "labelled_points": int(counts.sum()),
            "missing_points": int((~truth.labelled).sum()),
        }
    }
    for head in heads:
        groups |= head.groups()
    return groups


def count_reasons(measurements: list[Measurement]) -> dict[str, int]:
    """How many images were not measured, by reason, the most frequent first; and how many were, but with a warning."""
    reasons = Counter(m.reason for m in measurements if m.reason)
    warned = Counter(f"measured, but {warning.partition(':')[0]}" for m in measurements for warning in m.warnings)
    return {
        name: n for counted in (reasons, warned) for name, n in sorted(counted.items(), key=lambda i: (-i[1], i[0]))
    }


def to_json(value: Any) -> Any:
    """Nested numbers as JSON can hold them: six significant digits (the rest is noise in a diff), NaN as null."""
    if isinstance(value, dict):
        return {key: to_json(inner) for key, inner in value.items()}
    if isinstance(value, float | np.floating):
        return rounded(float(value))
    return value
