"""What network and temporal model answer on the labelled videos of a split."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from heelstrike.measure.radii import Radii
from heelstrike.package.over_time_settings import OverTime
from pipeline.models.network import Network
from pipeline.models.temporal import Temporal
from pipeline.models.temporal.predict import predict_temporal
from pipeline.models.temporal.saved import TemporalPlan
from pipeline.train.temporal.tracks import LabelledTrack, Placed, tracks_of

KINDS = ("usual", "disturbed")
"""Videos as they are, and copies with runs of disturbed frames."""

_SEED = 20_260_000  # of the disturbances, which are not those of the training
_COPIES = 2  # disturbed copies of each video


@dataclass(frozen=True)
class Judgeable:
    """One video with both models' predictions, in input pixels.

    Attributes:
        labelled: The network's predictions frame by frame, and the labels.
        placed: The windows of the frames that have one.
        places: The temporal model's keypoints for these, in shares of their size.
        spread: Its expected errors, in the same shares.
    """

    labelled: LabelledTrack
    placed: Placed
    places: Float[np.ndarray, "N K 2"]
    spread: Float[np.ndarray, "N K"]


@dataclass(frozen=True)
class Both:
    """The answers for T frames of one video, in input pixels.

    Attributes:
        subject: The subject.
        truth: NaN where not labelled.
        own: Each frame's own keypoints; NaN where missing.
        several: Keypoints from several frames; those of the frame itself where there is no such answer, NaN where
            missing.
        confidence: Of the frame's own keypoints; 0 where missing.
        filled: True for a keypoint that only the frames around it show.
        radius: Radii of `several`; NaN where missing or unknown.
    """

    subject: str
    truth: Float[np.ndarray, "T K 2"]
    own: Float[np.ndarray, "T K 2"]
    several: Float[np.ndarray, "T K 2"]
    confidence: Float[np.ndarray, "T K"]
    filled: Bool[np.ndarray, "T K"]
    radius: Float[np.ndarray, "T K"]


def predict_videos(
    network: Network, temporal: Temporal, plan: TemporalPlan, folder: Path
) -> dict[str, list[Judgeable]]:
    """Return the predictions on a split's videos by kind; no videos if none has successive labelled frames."""
    tracks = {
        "usual": tracks_of(network, folder),
        "disturbed": [t for n in range(_COPIES) for t in tracks_of(network, folder, _SEED + n)],
    }
    return {kind: [_predicted(temporal, plan, track) for track in tracks[kind]] for kind in KINDS}


def _predicted(temporal: Temporal, plan: TemporalPlan, labelled: LabelledTrack) -> Judgeable:
    placed = Placed.of(labelled, plan.window)
    return Judgeable(labelled, placed, *predict_temporal(temporal, placed.arrays))


def both_of(video: Judgeable, settings: OverTime, radii: Radii | None = None) -> Both:
    """Return what a consumer gets on a video, frame by frame and from several frames.

    Args:
        video: The predictions.
        settings: How they are combined.
        radii: Radii of the frame's own keypoints; `None` without.
    """
    track, truth = video.labelled.track, video.labelled.truth
    present = track.present(settings.confidence)
    own = np.where(present[..., None], track.keypoints, np.nan)
    several, filled = own.copy(), np.zeros_like(present)
    radius = np.full(present.shape, np.nan) if radii is None else np.where(present, radii.of(track.confidence), np.nan)
    for row, (frame, window) in enumerate(zip(video.placed.frames, video.placed.made, strict=True)):
        share, answered = settings.radius(window, video.spread[row])
        several[frame, answered] = window.centre + window.size * video.places[row, answered]
        radius[frame, answered] = window.size * share[answered]
        filled[frame] = answered & ~present[frame]
    confidence = np.where(present, track.confidence, 0)
    return Both(video.labelled.subject, truth, own, several, confidence, filled, radius)
