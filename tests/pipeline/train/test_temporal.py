"""Training of temporal models: they learn to repair frames that their neighbours know better."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from heelstrike.errors import UserError
from heelstrike.preprocess.windows import Slots, Track
from pipeline.models.temporal import TEMPORAL
from pipeline.models.temporal.predict import Windows, predict_temporal
from pipeline.scoring.cases import Truth
from pipeline.train.settings import TemporalSettings
from pipeline.train.temporal.disturb import DISTURBANCES, disturbed
from pipeline.train.temporal.fit import error_of, fit_temporal
from pipeline.train.temporal.tracks import LabelledTrack, Placed, joined, require_runs, runs_of, with_gaps

SLOTS = Slots(9, 0.04, 0.5)


def track(seed: int, wrong: float = 0.1) -> LabelledTrack:
    """Two points that swing; in some frames one of them is far off, and its confidence not quite as high."""
    rng = np.random.default_rng(seed)
    times = np.arange(30) / 25
    x = 60 + 30 * np.sin(2 * np.pi * (times * 1.25 + rng.uniform()))
    truth = np.stack([np.stack([x, 0 * x + 40.0], 1), np.stack([x + 20, 0 * x + 140.0], 1)], axis=1)
    predicted = truth + rng.normal(0, 0.3, truth.shape)
    off = rng.uniform(size=truth.shape[:2]) < wrong
    predicted[off] += rng.normal(0, 12, (int(off.sum()), 2))
    return LabelledTrack(f"s{seed}", Track(times, predicted, np.where(off, 0.6, 0.95)), truth)


def windows(seeds: range, wrong: float = 0.1) -> Windows:
    return joined([Placed.of(track(seed, wrong), SLOTS) for seed in seeds])


@pytest.mark.parametrize("name", TEMPORAL)
def test_it_learns_to_repair_frames_and_how_far_it_is_off(name: str) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(1)
    train, val = windows(range(24)), windows(range(100, 108))
    network = TEMPORAL[name](2, 9, width=32)
    scores = fit_temporal(network, train, val, TemporalSettings(epochs=10, batch_size=32, lr=5e-3), seed=1)
    middle = 256 * np.linalg.norm(val.points[:, 4].astype(np.float64) - val.truth, axis=-1)
    assert scores[0] == pytest.approx(np.nanmean(middle), rel=1e-4)  # every frame shows every keypoint
    assert error_of(network, val) == min(scores) < 0.8 * scores[0]
    places, spread = predict_temporal(network, val)
    off = np.linalg.norm(places - val.truth, axis=-1)
    doubtful = val.confidence[:, 4] < 0.7
    assert spread[doubtful].mean() > 1.25 * spread[~doubtful].mean()
    assert 0.3 < (off < spread).mean() < 0.95


def test_the_same_seed_gives_the_same_model() -> None:
    train = windows(range(3))

    def fitted() -> list[float]:
        torch.manual_seed(5)
        return fit_temporal(TEMPORAL["LSTM"](2, 9, 16), train, train, TemporalSettings(epochs=2), seed=3)

    assert fitted() == fitted()


def test_unlabelled_points_have_no_say() -> None:
    labelled = track(1)
    labelled.truth[:, 1] = np.nan
    one = Placed.of(labelled, SLOTS).arrays
    scores = fit_temporal(TEMPORAL["LSTM"](2, 9, 16), one, one, TemporalSettings(epochs=1), seed=1)
    assert np.isfinite(scores).all()


def test_windows_say_where_the_truth_is_in_their_shares() -> None:
    labelled = track(3, wrong=0)
    placed = Placed.of(labelled, SLOTS)
    assert placed.frames.tolist() == list(range(30))
    for n, window in enumerate(placed.made):
        truth = window.centre + window.size * placed.arrays.truth[n].astype(np.float64)
        np.testing.assert_allclose(truth, labelled.truth[n], atol=1e-3)


def test_lost_frames_are_filled_from_the_others() -> None:
    lost = with_gaps(track(4, wrong=0), 0.3, 0, np.random.default_rng(1))
    gone = (lost.track.confidence == 0).all(axis=1)
    assert 5 <= gone.sum() <= 9
    hidden = with_gaps(track(4, wrong=0), 0, 0.2, np.random.default_rng(1)).track.confidence == 0
    assert (hidden.sum(axis=0) >= 3).all() and not hidden.all(axis=1).all()
    placed = Placed.of(lost, SLOTS)
    inner = [n for n, frame in enumerate(placed.frames) if gone[frame]]
    assert inner and (placed.arrays.confidence[inner, 4] == 0).all()
    off = np.linalg.norm(placed.arrays.points[inner, 4] - placed.arrays.truth[inner], axis=-1) * 100
    assert np.nanmax(off) < 9  # pixels, at up to 9 pixels a frame


def truth_of(video: list[str], frame: list[int]) -> Truth:
    count = len(video)
    index = pd.DataFrame({"video": video, "frame": frame, "time_s": np.array(frame) / 25, "subject": video})
    arrays = np.zeros((count, 2, 2)), np.full((count, 2), 2, np.uint8), np.zeros((count, 4)), np.ones((count, 3))
    return Truth(index, *arrays)


def test_runs_are_successive_frames_of_one_video() -> None:
    frames = [*range(8), *range(20, 26), 40, 50, 60, 70, 80, *range(4), 0, 0, 0, 0, 0, 0]
    video = ["a"] * 19 + ["b"] * 4 + [""] * 6
    runs = runs_of(truth_of(video, frames))
    assert [(run.subject, len(run.rows), run.times[0]) for run in runs] == [("a", 8, 0), ("a", 6, 0.8)]


def test_data_without_successive_frames_are_refused_before_anything_is_trained(tmp_path: Path) -> None:
    truth = truth_of(["a"] * 5, [0, 10, 20, 30, 40])
    truth.index.to_parquet(tmp_path / "index.parquet")
    for name in ("keypoints", "visibility", "boxes", "letterbox"):
        np.save(tmp_path / f"{name}.npy", getattr(truth, name))
    with pytest.raises(
        UserError, match=r"no video of which 5 successive frames are labelled.*frames_per_subject: 1000"
    ):
        require_runs(tmp_path)


@pytest.mark.parametrize("name", DISTURBANCES)
def test_disturbances_change_the_picture(name: str) -> None:
    rng = np.random.default_rng(1)
    frames = rng.integers(0, 256, (4, 40, 60, 3)).astype(np.uint8)
    truth = np.tile([[20.0, 15.0], [40.0, 25.0]], (4, 1, 1))
    changed = DISTURBANCES[name](frames, truth, np.random.default_rng(2))
    assert changed.shape == frames.shape and changed.dtype == np.uint8
    parts = (changed != frames).any(axis=-1).mean(axis=(1, 2))
    assert (parts > (0.001 if name == "patch" else 0.5)).all()
    assert (changed.mean() < 0.2 * frames.mean()) == (name == "dark")
    again = DISTURBANCES[name](frames, truth, np.random.default_rng(2))
    np.testing.assert_array_equal(changed, again)


def test_most_frames_stay_as_they_are() -> None:
    frames = np.full((40, 20, 20, 3), 100, np.uint8)
    frames[:, ::2] = 160
    changed = disturbed(frames, np.full((40, 2, 2), 10.0), np.random.default_rng(1))
    different = (changed != frames).any(axis=(1, 2, 3)).sum()
    assert 3 <= different <= 18
    np.testing.assert_array_equal(frames[:, 1::2], 100)
