"""Training of a temporal network on windows of per-frame predictions."""

import copy

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from pipeline.models.temporal import Temporal
from pipeline.models.temporal.networks import Answer
from pipeline.models.temporal.predict import Windows, predict_temporal
from pipeline.train.data import seed_of
from pipeline.train.settings import TemporalSettings

_PIXELS = 256.0  # shares of the size times this are about input pixels
_SPREAD_WEIGHT = 0.1  # of the loss of the spread, so that places are learned first


def fit_temporal(network: Temporal, train: Windows, val: Windows, settings: TemporalSettings, seed: int) -> list[float]:
    """Train in place by AdamW and a one-cycle schedule; keep the weights that are best in validation.

    These may be the initial weights; they are if there are no windows, since the network finds too little.

    Returns:
        Error of the validation windows by `error_of`, before the first epoch and after each; empty without windows.
    """
    if not np.isfinite(train.truth).any() or not np.isfinite(val.truth).any():
        network.eval()
        return []
    torch.manual_seed(seed_of(seed))
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.lr, weight_decay=settings.weight_decay)
    batches = max(-(-len(train.truth) // settings.batch_size), 1)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.lr, total_steps=settings.epochs * batches)
    scores, best = [error_of(network, val)], copy.deepcopy(network.state_dict())
    for epoch in range(settings.epochs):
        network.train()
        order = np.random.default_rng([seed, epoch]).permutation(len(train.truth))
        for rows in np.array_split(order, batches):
            optimizer.zero_grad()
            _loss(network, Windows(*(part[rows] for part in train))).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            cycle.step()
        score = error_of(network, val)
        if score < min(scores):
            best = copy.deepcopy(network.state_dict())
        scores.append(score)
    network.load_state_dict(best)
    network.eval()
    return scores


def _loss(network: Temporal, windows: Windows) -> Tensor:
    """Return the loss over labelled points: smooth L1 of places, and a likelihood of distances given the spreads.

    Keypoints that the frame shows, and those that it does not, which are far fewer, have the same weight. The distances
    in the likelihood are constants, so that no place is learned worse where its spread is large (Stirn et al., Faithful
    heteroscedastic regression, AISTATS 2023).
    """
    points, confidence, truth = (torch.from_numpy(part) for part in windows)
    known = torch.isfinite(truth).all(dim=-1)
    answer: Answer = network(points, confidence)
    seen = confidence[:, confidence.shape[1] // 2] > 0
    losses = [_part(answer, truth, known & kind) for kind in (seen, ~seen) if (known & kind).any()]
    return torch.stack(losses).mean() if losses else 0 * answer.points.sum()


def _part(answer: Answer, truth: Tensor, chosen: Tensor) -> Tensor:
    off = _PIXELS * (answer.points[chosen] - truth[chosen])
    spread = _PIXELS * answer.spread[chosen]
    likelihood = (off.detach().norm(dim=-1) / spread + spread.log()).mean()
    return functional.smooth_l1_loss(off, torch.zeros_like(off)) + _SPREAD_WEIGHT * likelihood


def error_of(network: Temporal, windows: Windows) -> float:
    """Return the mean distance of labelled points in 1/256 of the size; seen and missing ones have equal weight."""
    points, _ = predict_temporal(network, windows)
    off = _PIXELS * np.linalg.norm(points - windows.truth, axis=-1)
    seen = windows.confidence[:, windows.confidence.shape[1] // 2] > 0
    parts = [off[kind & np.isfinite(off)] for kind in (seen, ~seen)]
    return float(np.mean([part.mean() for part in parts if len(part)]))
