"""Hostile params.yaml: each means what it says, or one message names the key before anything runs."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.params import load_params
from tests.hostile.checks import Input, judge, parametrised
from tests.hostile.param_inputs import INPUTS

pytestmark = pytest.mark.timeout(20)


def read(path: Path) -> dict[str, Any]:
    """The values of the first problem that a hostile file could have changed."""
    params = load_params(path)
    first = next(iter(params.values()))
    return {
        "problems": list(params),
        "epochs": first.train.steps[0].epochs,
        "keypoints": len(first.problem.keypoints),
        "category": first.problem.category,
    }


@parametrised(INPUTS)
def test_params(entry: Input, tmp_path: Path) -> None:
    judge(entry, tmp_path, read)
