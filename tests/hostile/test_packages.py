"""Hostile packages: used as they are, or refused with a message; no code of theirs runs, no other file is read."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heelstrike.model import Model
from heelstrike.registry.pull import open_folder
from tests.hostile.checks import Input, judge, parametrised
from tests.hostile.package_inputs import INPUTS

pytestmark = pytest.mark.timeout(30)


def predict(folder: Path) -> dict[str, Any]:
    """Load a package from its folder and predict on a bright image."""
    model = Model(open_folder(folder), threads=1)
    result = model.predict_image(np.full((60, 80, 3), 200, np.uint8))
    confidence = result.prediction.confidence
    assert confidence is not None
    return {"keypoints": len(model.keypoints), "confidence": float(confidence[0])}


@parametrised(INPUTS)
def test_packages(entry: Input, tmp_path: Path) -> None:
    judge(entry, tmp_path, predict)
