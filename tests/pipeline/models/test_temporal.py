"""Temporal networks: untrained they change nothing, trained they repair a frame that its neighbours know better."""

import numpy as np
import pytest
import torch

from pipeline.models.temporal import SMOOTHERS, TEMPORAL, Track, windows_of
from pipeline.train.temporal import TemporalSettings, fit_temporal, predict_temporal, rmse


def tracks(count: int, seed: int, wrong: float = 0.1) -> list[Track]:
    """Two points that swing; in some frames one of them is far off, and its confidence low."""
    rng, made = np.random.default_rng(seed), []
    for number in range(count):
        t = np.arange(30)
        x = 60 + 30 * np.sin(2 * np.pi * (t / 20 + rng.uniform()))
        truth = np.stack([np.stack([x, 0 * t + 40.0], 1), np.stack([x + 20, 0 * t + 80.0], 1)], axis=1)
        predicted = truth + rng.normal(0, 0.3, truth.shape)
        off = rng.uniform(size=truth.shape[:2]) < wrong
        predicted[off] += rng.normal(0, 12, (int(off.sum()), 2))
        made.append(
            Track(f"s{number}", predicted, np.where(off, 0.2, 0.95), np.tile([10.0, 20, 100, 90], (30, 1)), truth)
        )
    return made


@pytest.mark.parametrize("name", TEMPORAL)
class TestNetworks:
    def test_untrained_it_leaves_the_frame_as_it_is(self, name: str) -> None:
        windows = windows_of(tracks(2, seed=1), 9)
        predicted = predict_temporal(TEMPORAL[name](2, 9), windows)
        np.testing.assert_allclose(predicted, windows.keypoints[:, 4], atol=1e-4)

    def test_it_learns_to_repair_frames(self, name: str) -> None:
        torch.set_num_threads(1)
        torch.manual_seed(1)
        train, val = windows_of(tracks(30, seed=1), 9), windows_of(tracks(10, seed=2), 9)
        network = TEMPORAL[name](2, 9, width=32)
        scores = fit_temporal(network, train, val, TemporalSettings(epochs=8, lr=1e-2))
        assert scores[0] == pytest.approx(rmse(val.keypoints[:, 4], val.truth))
        assert min(scores) < 0.8 * scores[0]
        assert rmse(predict_temporal(network, val), val.truth) == min(scores)

    def test_place_and_size_do_not_matter(self, name: str) -> None:
        network, windows = TEMPORAL[name](2, 9), windows_of(tracks(1, seed=1), 9)
        torch.nn.init.normal_(network.shift.weight)
        boxes = 2 * windows.boxes + np.array([7, 7, 0, 0], np.float32)
        moved = windows._replace(keypoints=2 * windows.keypoints + 7, boxes=boxes)
        expected = 2 * predict_temporal(network, windows) + 7
        np.testing.assert_allclose(predict_temporal(network, moved), expected, rtol=1e-3, atol=0.05)


def test_unlabelled_points_have_no_say() -> None:
    train = tracks(2, seed=1)
    train[0].truth[:, 1] = np.nan
    windows = windows_of(train, 5)
    scores = fit_temporal(TEMPORAL["LSTM"](2, 5), windows, windows, TemporalSettings(epochs=1))
    assert np.isfinite(scores).all()


def test_windows_repeat_the_ends() -> None:
    track = tracks(1, seed=1)[0]
    windows = windows_of([track, track], 5)
    assert windows.keypoints.shape == (60, 5, 2, 2)
    np.testing.assert_allclose(windows.keypoints[0, :3], np.repeat(track.keypoints[:1], 3, axis=0), rtol=1e-6)
    np.testing.assert_allclose(windows.keypoints[30, 4], track.keypoints[2], rtol=1e-6)


@pytest.mark.parametrize("name", SMOOTHERS)
def test_smoothers_keep_a_line_and_calm_noise(name: str) -> None:
    t = np.arange(40.0)
    line = np.stack([t, 2 * t], axis=1)[:, None]
    np.testing.assert_allclose(SMOOTHERS[name](line)[4:-4], line[4:-4], atol=1e-9)
    noisy = line + np.random.default_rng(1).normal(0, 1, line.shape)
    assert np.abs(SMOOTHERS[name](noisy) - line)[4:-4].mean() < np.abs(noisy - line)[4:-4].mean()
