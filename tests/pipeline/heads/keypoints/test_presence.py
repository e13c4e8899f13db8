"""Which keypoints are there: figures, words and what is taught."""

import numpy as np
import pandas as pd
import pytest

from pipeline.heads.keypoints.presence import coinciding, presence_group
from pipeline.heads.keypoints.presence_words import sentences
from pipeline.scoring.cases import Truth


def truth_of(visibility: np.ndarray) -> Truth:
    count, points = visibility.shape
    return Truth(
        index=pd.DataFrame({"image": [f"{n}.png" for n in range(count)], "subject": "a"}),
        keypoints=np.zeros((count, points, 2)),
        visibility=visibility.astype(np.uint8),
        boxes=np.zeros((count, 4)),
        letterbox=np.tile([1.0, 0.0, 0.0], (count, 1)),
    )


def test_the_three_figures() -> None:
    visibility = np.array([[2, 2, 0], [2, 0, 0]])
    keypoints = np.array([[[0, 0], [2, 0], [30, 0]], [[0, 0], [1, 1], [50, 0]]], float)
    confidence = np.array([[0.9, 0.2, 0.8], [0.9, 0.7, 0.1]])
    numbers = presence_group(truth_of(visibility), keypoints, confidence, 0.5)
    assert numbers["visible_called_missing_share"] == pytest.approx(1 / 3)
    assert numbers["missing_called_visible_share"] == pytest.approx(2 / 3)
    assert numbers["coinciding_share"] == pytest.approx(1 / 4)  # one pair of four present keypoints
    assert coinciding(keypoints, confidence >= 0.5)[1, 0, 1]


def test_the_words_name_all_three() -> None:
    text = " ".join(
        sentences(
            {
                "auroc": 0.98,
                "visible_called_missing_share": 0.015,
                "missing_called_visible_share": 0.04,
                "coinciding_share": 0.002,
            }
        )
    )
    assert "4" in text and "1.5" in text and "2 pairs" in text
    assert sentences({"auroc": float("nan"), "coinciding_share": 0.0}) == []
