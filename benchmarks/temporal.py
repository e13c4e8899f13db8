"""Temporal models against per-frame prediction and plain smoothing, on rendered video with every frame labelled.

The videos must be of people whom the per-frame network was not trained on: prepare them as a problem of their own, with
another seed and every frame labelled (`frames_per_subject: 1000`), then give its folder here. Its `train` videos teach
the temporal models, `val` chooses their weights, `test` judges. Each model is tested on the videos
unchanged and disturbed: runs of frames with a patch over a keypoint, and runs with motion blur.

Examples:
    python -m benchmarks.temporal models/rearfoot/train data/dense/prepare
    python -m benchmarks.temporal models/rearfoot/train data/dense/prepare --window 15 --epochs 30
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, UInt8
from rich.console import Console
from rich.table import Table

from heelstrike.errors import UserError
from pipeline.models.build import load_trained
from pipeline.models.inference import predict_arrays
from pipeline.models.network import Network
from pipeline.models.temporal import SMOOTHERS, TEMPORAL, Track, windows_of
from pipeline.scoring.bootstrap import PairedDifference, paired_bootstrap
from pipeline.scoring.metrics import image_mse
from pipeline.train.temporal import TemporalSettings, fit_temporal, predict_temporal, rmse

_RUN, _PATCH, _BLUR = 5, 18, 11  # frames of a disturbance; half side of a patch and length of a blur, input pixels
PER_FRAME = "per frame"


def disturbed(
    images: UInt8[np.ndarray, "T H W C"], truth: Float[np.ndarray, "T K 2"], rng: np.random.Generator
) -> UInt8[np.ndarray, "T H W C"]:
    """A video with a run of frames in which a patch hides one keypoint, and a run with horizontal motion blur."""
    images = images.copy()
    start, point = int(rng.integers(max(len(images) - _RUN, 1))), int(rng.integers(truth.shape[1]))
    for frame in range(start, min(start + _RUN, len(images))):
        if np.isfinite(truth[frame, point]).all():
            x, y = truth[frame, point].round().astype(int)
            images[frame, max(y - _PATCH, 0) : max(y + _PATCH, 0), max(x - _PATCH, 0) : max(x + _PATCH, 0)] = 128
    start = int(rng.integers(max(len(images) - _RUN, 1)))
    for frame in range(start, min(start + _RUN, len(images))):
        kernel = np.full((1, _BLUR), 1 / _BLUR, np.float32)
        images[frame] = cv2.filter2D(images[frame], -1, kernel).reshape(images[frame].shape)
    return images


def tracks_of(network: Network, folder: Path, disturb: bool) -> list[Track]:
    """Per-frame predictions of a prepared split, video by video.

    Raises:
        UserError: There is no video of which consecutive frames are labelled.
    """
    index = pd.read_parquet(folder / "index.parquet")
    images, truth = np.load(folder / "images.npy", mmap_mode="r"), np.load(folder / "keypoints.npy")
    tracks = []
    for number, (_, rows) in enumerate(index[index["video"] != ""].groupby("video", sort=True)):
        rows = rows.sort_values("frame")
        if len(rows) < _RUN or (np.diff(rows["frame"]) > 2).any():
            continue  # frames without any visible keypoint have no label; a gap of one is no break
        at, rng = rows.index.to_numpy(), np.random.default_rng([1, number])
        pixels = disturbed(images[at], truth[at], rng) if disturb else np.array(images[at])
        outputs = predict_arrays(network, pixels)
        if not {"keypoints", "confidence", "boxes"} <= set(outputs):
            raise UserError("the per-frame network needs a keypoint head and a box head")
        tracks.append(
            Track(
                str(rows["subject"].iloc[0]), outputs["keypoints"], outputs["confidence"], outputs["boxes"], truth[at]
            )
        )
    if not tracks:
        raise UserError(f"{folder}: no video with consecutive labelled frames; raise frames_per_subject")
    return tracks


def jitter(tracks: list[Track], predictions: list[Float[np.ndarray, "T K 2"]]) -> float:
    """Root mean square of the error's second difference in time, input pixels: visible trembling."""
    parts = [np.diff(points - track.truth, n=2, axis=0) for track, points in zip(tracks, predictions, strict=True)]
    return float(np.sqrt(np.nanmean(np.concatenate(parts).astype(np.float64) ** 2)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path, help="a trained per-frame network, for instance models/rearfoot/train")
    parser.add_argument("prepared", type=Path, help="prepared arrays of people whom it has not seen")
    parser.add_argument("--window", type=int, default=9, help="frames, odd")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    network = load_trained(arguments.network).to("cuda" if torch.cuda.is_available() else "cpu")
    for disturb in (False, True):
        tracks = {split: tracks_of(network, arguments.prepared / split, disturb) for split in ("train", "val", "test")}
        show("disturbed videos" if disturb else "videos as they are", tracks, arguments)


def show(title: str, tracks: dict[str, list[Track]], arguments: argparse.Namespace) -> None:
    """Train and judge the temporal models. Print the table and a verdict on each."""
    test, console = tracks["test"], Console()
    by_method = {PER_FRAME: [track.keypoints for track in test]}
    by_method |= {name: [smooth(track.keypoints) for track in test] for name, smooth in SMOOTHERS.items()}
    by_method |= {name: learned(name, tracks, arguments) for name in TEMPORAL}
    truth = np.concatenate([track.truth for track in test])
    labelled = np.concatenate([track.labelled for track in test])
    subjects = np.concatenate([[track.subject] * len(track.keypoints) for track in test])
    errors = {name: image_mse(np.concatenate(predictions), truth, labelled) for name, predictions in by_method.items()}
    table = Table("method", "RMSE px", "jitter px", "MSE against per frame, 95 %", title=title, title_justify="left")
    verdicts = []
    for name, predictions in by_method.items():
        change = paired_bootstrap(errors[name], errors[PER_FRAME], subjects, 4000, 1)
        interval = "" if name == PER_FRAME else f"{change.interval.low:+.3f} to {change.interval.high:+.3f} px²"
        table.add_row(
            name, f"{rmse(np.concatenate(predictions), truth):.3f}", f"{jitter(test, predictions):.3f}", interval
        )
        if name in TEMPORAL:
            verdicts.append(verdict(name, change, jitter(test, predictions), jitter(test, by_method[PER_FRAME])))
    console.print(table)
    console.print(f"{len(test)} videos of {len(set(subjects))} people, {len(truth)} frames.", *verdicts, sep="\n")


def learned(name: str, tracks: dict[str, list[Track]], arguments: argparse.Namespace) -> list[np.ndarray]:
    """A trained temporal model's predictions for each test video."""
    torch.manual_seed(arguments.seed)
    temporal = TEMPORAL[name](tracks["test"][0].truth.shape[1], arguments.window)
    train, val = (windows_of(tracks[split], arguments.window) for split in ("train", "val"))
    fit_temporal(temporal, train, val, TemporalSettings(epochs=arguments.epochs, seed=arguments.seed))
    return [predict_temporal(temporal, windows_of([track], arguments.window)) for track in tracks["test"]]


def verdict(name: str, change: PairedDifference, trembling: float, before: float) -> str:
    """Return a sentence that says if error (by its interval) and jitter are both lower than per frame."""
    better = change.interval.high < 0
    error = (
        "lower" if better else "higher" if change.interval.low > 0 else "not shown to differ (zero is in the interval)"
    )
    summary = f"{name}: error {error}; jitter {trembling:.3f} px, per frame {before:.3f} px."
    wins = better and trembling < before
    return f"{summary} It {'beats' if wins else 'does not beat'} per-frame prediction in both."


if __name__ == "__main__":
    main()
