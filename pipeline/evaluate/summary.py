"""All numbers of a model on a split, by group, as in metrics.json."""

from collections import Counter
from typing import Any

import numpy as np

from heelstrike.measure.base import Measurement
from pipeline.heads.evaluation import Scores
from pipeline.scoring.cases import Truth
from pipeline.scoring.score import Groups, rounded


def summarise(truth: Truth, heads: list[Scores]) -> Groups:
    """Metrics by group; undefined numbers (no missing points, one subject) are NaN.

    Args:
        truth: The split.
        heads: Scores of each head on it.

    Returns:
        `images` (counts) and the groups of each head (`Scores.groups`).
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
    """Numbers of images not measured, by reason, and of images measured with a warning, the most frequent first."""
    reasons = Counter(m.reason for m in measurements if m.reason)
    warned = Counter(f"measured, but {warning.partition(':')[0]}" for m in measurements for warning in m.warnings)
    return {
        name: n for counted in (reasons, warned) for name, n in sorted(counted.items(), key=lambda i: (-i[1], i[0]))
    }


def to_json(value: Any) -> Any:
    """Nested numbers for JSON: six significant digits (the rest is noise in a diff), null if not finite."""
    if isinstance(value, dict):
        return {key: to_json(inner) for key, inner in value.items()}
    if isinstance(value, float | np.floating):
        return rounded(float(value))
    return value
