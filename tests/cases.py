"""Hand-made cases of a split, for tests of scores and gates: no image, no network."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.scoring.case_table import Cases


def make_cases(truth: dict[str, Any], answers: dict[str, Any], **fields: Any) -> Cases:
    """Cases with these arrays; what else a case has is plain, unless `fields` say otherwise.

    Two cases a subject, so that subjects can be drawn; the network sees images at half their size.
    """
    count = len(next(iter(truth.values())))
    plain = {
        "images": names("image", count),
        "subjects": np.repeat(names("s", count), 2)[:count],
        "slices": {},
        "scale": np.full(count, 0.5),
        "mm_per_px": np.full(count, np.nan),
        "exams": np.repeat(names("s", count), 2)[:count],
        "placement": np.full((count, 3, 3), np.nan),
        "threshold": 0.5,
    }
    return Cases(**plain | {"truth": truth, "answers": answers} | fields)


def names(stem: str, count: int) -> Sequence[str]:
    """`stem0`, `stem1`, ..."""
    return np.array([f"{stem}{number}" for number in range(count)])
