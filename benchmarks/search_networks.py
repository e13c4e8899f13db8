"""The default problem, small, as it is searched by somebody who knows nothing about it yet, for search_table.py.

Learning rate and batch reach from what hardly learns to what is unstable, and depth, width and codec of the network are
not known. So most of the 288 settings are poor, unlike those of search_people.py.
"""

from typing import Any

import numpy as np

from benchmarks import search_people
from pipeline.params import ProblemParams

SPACE: dict[str, list[Any]] = {
    "train.lr": [float(f"{value:.3g}") for value in np.geomspace(1e-4, 0.2, 8)],
    "train.batch_size": [6, 16, 48],
    "model.levels": [2, 3, 4],
    "model.width": [8, 16],
    "model.codec": ["softmax", "dsnt"],
}

write = search_people.write


def problem(**search: Any) -> ProblemParams:
    """Return the problem."""
    return search_people.problem_of(SPACE, **search)
