"""A temporal model for a trained network: its videos, as they are and disturbed, and its training."""

from pathlib import Path

import numpy as np
import torch

from pipeline.models.network import Network
from pipeline.models.temporal import Temporal
from pipeline.models.temporal.saved import TemporalPlan
from pipeline.splits import TRAIN, VAL
from pipeline.train.data import seed_of
from pipeline.train.settings import TemporalSettings
from pipeline.train.temporal.fit import fit_temporal
from pipeline.train.temporal.tracks import LabelledTrack, Placed, joined, tracks_of, with_gaps

_LOST, _HIDDEN = 0.08, 0.15  # shares of frames without anything, and of missing keypoints, in copies
_WITH_GAPS = 3  # copies of the usual videos with gaps, which cost no prediction


def teach_temporal(
    network: Network, prepared: Path, settings: TemporalSettings, seed: int
) -> tuple[Temporal, TemporalPlan]:
    """Train a temporal model on the training split's videos; the validation split's videos choose its weights.

    Args:
        network: The trained network, on any device.
        prepared: Folder of the prepare stage, with its splits.
        settings: Settings of the temporal model.
        seed: Seed of weights, order and disturbances.

    Raises:
        UserError: A split has no video with successive labelled frames.
    """
    tracks = {split: copies_of(network, prepared / split, settings.disturbed, seed) for split in (TRAIN, VAL)}
    plan = TemporalPlan(
        network=settings.network,
        points=tracks[TRAIN][0].truth.shape[1],
        width=settings.width,
        slots=settings.window,
        step_s=float(f"{_step_of(tracks[TRAIN]):.6g}"),
        confidence=settings.confidence,
        fill=settings.fill,
        margin=settings.margin,
        history=(),
    )
    train, val = (joined([Placed.of(track, plan.window) for track in tracks[split]]) for split in (TRAIN, VAL))
    torch.manual_seed(seed_of(seed))
    temporal = plan.build()
    history = fit_temporal(temporal, train, val, settings, seed)
    return temporal, plan.model_copy(update={"history": tuple(float(f"{score:.6g}") for score in history)})


def copies_of(network: Network, folder: Path, copies: int, seed: int) -> list[LabelledTrack]:
    """Predict on a split's videos as they are and on disturbed copies, and make gaps into copies of both."""
    usual, rng = tracks_of(network, folder), np.random.default_rng([seed, 0])
    disturbed = [t for n in range(1, copies + 1) for t in tracks_of(network, folder, seed_of(seed, n))]
    gaps = [with_gaps(track, _LOST, _HIDDEN, rng) for _ in range(_WITH_GAPS) for track in usual]
    return [*usual, *gaps, *(with_gaps(track, _LOST, _HIDDEN, rng) for track in disturbed)]


def _step_of(tracks: list[LabelledTrack]) -> float:
    return float(np.median(np.concatenate([np.diff(each.track.times) for each in tracks])))
