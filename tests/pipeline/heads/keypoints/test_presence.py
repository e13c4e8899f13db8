"""Which keypoints are there: figures, words and what is taught."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from heelstrike.preprocess.settings import InputSize
from pipeline.heads.arrays import Batch
from pipeline.heads.keypoints.presence import coinciding, presence_group
from pipeline.heads.keypoints.presence_words import sentences
from pipeline.heads.keypoints.training import TRAINING
from pipeline.models.build import build_model
from pipeline.models.network import KeypointNetwork
from pipeline.models.settings import SpatialSettings
from pipeline.problem import Problem
from pipeline.scoring.cases import Truth
from pipeline.train.settings import TrainSettings


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
    assert "4.00 % of the missing" in text and "1.50 % of the visible" in text and "2.00 pairs" in text
    assert sentences({"auroc": float("nan"), "coinciding_share": 0.0}) == []


@pytest.mark.parametrize(("limit", "taught"), [(None, [1.0, 1.0, 0.0]), (4.0, [1.0, 0.0, 0.0])])
def test_a_keypoint_that_is_predicted_elsewhere_is_taught_as_missing(limit: float | None, taught: list[float]) -> None:
    problem = Problem(keypoints=["a", "b", "c"], input=InputSize(width=64, height=64, channels=3))
    network = build_model(problem, SpatialSettings(name="spatial", width=4, levels=1, codec="softmax"))
    assert isinstance(network, KeypointNetwork)
    predicted, true = torch.tensor([[[10.0, 10.0], [30.0, 30.0], [50.0, 9.0]]]), torch.full((1, 3, 2), 10.0)
    true[0, 1] = torch.tensor([30.0, 36.0])
    raw = {"keypoints": network.codec.encode(predicted), "presence": torch.tensor([[2.0, 1.0, -1.0]])}
    labels = Batch(
        torch.zeros(1, 64, 64, 3, dtype=torch.uint8),
        true,
        torch.tensor([[2, 2, 0]], dtype=torch.uint8),
        torch.zeros(1, 4),
        torch.zeros(1, dtype=torch.long),
        torch.zeros(1, 0, 5),
    )
    losses = TRAINING.losses(network, raw, labels, TrainSettings(visible_within_px=limit))
    torch.testing.assert_close(
        losses["presence"], binary_cross_entropy_with_logits(raw["presence"], torch.tensor([taught]))
    )
