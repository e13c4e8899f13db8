"""Training of a temporal network on windows of per-frame predictions."""

import copy
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from pipeline.models.temporal import Temporal
from pipeline.models.temporal.tracks import Windows
from pipeline.train.data import seed_of


class TemporalSettings(NamedTuple):
    """Settings of the training, which uses AdamW and a one-cycle schedule."""

    epochs: int = 60
    batch_size: int = 64
    lr: float = 2e-3
    weight_decay: float = 1e-3
    seed: int = 1


def fit_temporal(network: Temporal, train: Windows, val: Windows, settings: TemporalSettings) -> list[float]:
    """Train in place and keep the weights that are best in validation, which may be the initial ones.

    Returns:
        RMSE of the validation windows in input pixels, before the first epoch and after each epoch.
    """
    torch.manual_seed(seed_of(settings.seed))
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.lr, weight_decay=settings.weight_decay)
    batches = -(-len(train.truth) // settings.batch_size)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.lr, total_steps=settings.epochs * batches)
    scores, best = [rmse(predict_temporal(network, val), val.truth)], copy.deepcopy(network.state_dict())
    for epoch in range(settings.epochs):
        network.train()
        order = np.random.default_rng([settings.seed, epoch]).permutation(len(train.truth))
        for rows in np.array_split(order, batches):
            optimizer.zero_grad()
            _loss(network, Windows(*(part[rows] for part in train))).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            cycle.step()
        score = rmse(predict_temporal(network, val), val.truth)
        if score < min(scores):
            best = copy.deepcopy(network.state_dict())
        scores.append(score)
    network.load_state_dict(best)
    return scores


def _loss(network: Temporal, windows: Windows) -> Tensor:
    """Return the smooth L1 loss in input pixels over labelled points."""
    keypoints, confidence, boxes, truth = (torch.from_numpy(part) for part in windows)
    known = torch.isfinite(truth)
    predicted = network(keypoints, confidence, boxes)
    return functional.smooth_l1_loss(predicted[known], truth[known])


def predict_temporal(network: Temporal, windows: Windows) -> Float[np.ndarray, "N K 2"]:
    """Return the corrected keypoints of the middle frames. The network is set to evaluation mode."""
    network.eval()
    with torch.inference_mode():
        parts = (torch.from_numpy(part) for part in windows[:3])
        return np.asarray(network(*parts).numpy())


def rmse(predicted: Float[np.ndarray, "N K 2"], truth: Float[np.ndarray, "N K 2"]) -> float:
    """Return the root of the mean squared coordinate error over labelled points."""
    return float(np.sqrt(np.nanmean((predicted.astype(np.float64) - truth) ** 2)))
