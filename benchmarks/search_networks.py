"""The default problem, small, as it is searched by somebody who knows nothing about it yet, for search_table.py.

Learning rate and batch reach from what hardly learns to what is unstable, and depth and codec of the network are not
known. So most of the 144 settings are poor, unlike those of search_people.py. The network has half the width, to be
quick.
"""

from typing import Any

import numpy as np

from benchmarks import search_people
from pipeline.params import ProblemParams

SPACE: dict[str, list[Any]] = {
    "train.lr": [float(f"{value:.3g}") for value in np.geomspace(1e-4, 0.2, 8)],
    "train.batch_size": [6, 16, 48],
    "model.levels": [2, 3, 4],
    "model.codec": ["softmax", "dsnt"],
}

write = search_people.write


def problem(**search: Any) -> ProblemParams:
    """Return the problem."""
    params = search_people.problem_of(SPACE, **search)
    return params.model_copy(update={"model": params.model.model_copy(update={"width": 8})})
