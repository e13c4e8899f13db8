"""Temporal networks, each by the same tests: untrained they change nothing, and they run as the graph of a package."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from heelstrike.errors import UserError
from heelstrike.package.temporal import INPUTS, OUTPUTS
from pipeline.models.temporal import SMOOTHERS, TEMPORAL
from pipeline.models.temporal.predict import Windows, predict_temporal
from pipeline.models.temporal.saved import TemporalPlan, load_temporal, save_temporal
from pipeline.package.temporal import export_temporal

COUNT, SLOTS, POINTS = 12, 7, 4


def windows(seed: int = 1) -> Windows:
    rng = np.random.default_rng(seed)
    shape = (COUNT, SLOTS, POINTS)
    points, confidence = rng.normal(0, 0.4, (*shape, 2)), rng.uniform(size=shape)
    return Windows(points.astype(np.float32), confidence.astype(np.float32), np.zeros((COUNT, POINTS, 2), np.float32))


def plan(name: str) -> TemporalPlan:
    return TemporalPlan.model_validate(
        {
            "network": name,
            "points": POINTS,
            "width": 16,
            "slots": SLOTS,
            "step_s": 0.04,
            "confidence": 0.5,
            "fill": 0.03,
            "margin": 0.05,
            "history": (2.0, 1.0),
        }
    )


def taught(name: str) -> torch.nn.Module:
    torch.manual_seed(1)
    network = plan(name).build()
    for layer in (network.shift, network.spread):
        torch.nn.init.normal_(layer.weight, std=0.3)
    return network


@pytest.mark.parametrize("name", TEMPORAL)
class TestNetworks:
    def test_untrained_it_leaves_the_frame_as_it_is(self, name: str) -> None:
        places, spread = predict_temporal(plan(name).build(), windows())
        np.testing.assert_allclose(places, windows().points[:, SLOTS // 2], atol=1e-6)
        assert (spread > 0).all()

    def test_a_window_has_the_same_answer_alone(self, name: str) -> None:
        network = taught(name)
        together, alone = predict_temporal(network, windows()), windows()
        for n in range(3):
            one = predict_temporal(network, Windows(*(part[n : n + 1] for part in alone)))
            np.testing.assert_allclose(one[0][0], together[0][n], atol=1e-5)
            np.testing.assert_allclose(one[1][0], together[1][n], rtol=1e-4)

    def test_the_graph_answers_what_torch_answers(self, name: str) -> None:
        network = taught(name)
        graph = export_temporal(network, SLOTS, POINTS).SerializeToString(deterministic=True)
        assert graph == export_temporal(network, SLOTS, POINTS).SerializeToString(deterministic=True)
        session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
        expected = predict_temporal(network, windows())
        for n in range(COUNT):
            feeds = dict(zip(INPUTS, (windows().points[n : n + 1], windows().confidence[n : n + 1]), strict=True))
            places, spread = session.run(list(OUTPUTS), feeds)
            np.testing.assert_allclose(places[0], expected[0][n], atol=1e-5)
            np.testing.assert_allclose(spread[0], expected[1][n], rtol=1e-4)

    def test_it_is_read_as_it_was_written(self, name: str, tmp_path: Path) -> None:
        network = taught(name)
        save_temporal(network, plan(name), tmp_path)
        loaded = load_temporal(tmp_path)
        assert loaded is not None and loaded[1] == plan(name)
        np.testing.assert_array_equal(
            predict_temporal(loaded[0], windows())[0], predict_temporal(network, windows())[0]
        )


def test_there_may_be_none(tmp_path: Path) -> None:
    assert load_temporal(tmp_path) is None


@pytest.mark.parametrize(("file", "text"), [("temporal.json", "not the settings"), ("temporal.safetensors", "weights")])
def test_a_damaged_model_is_named(tmp_path: Path, file: str, text: str) -> None:
    save_temporal(taught("LSTM"), plan("LSTM"), tmp_path)
    (tmp_path / file).write_bytes(b"{}" * 40)
    with pytest.raises(UserError, match=f"{file}: .*{text}"):
        load_temporal(tmp_path)


@pytest.mark.parametrize("name", SMOOTHERS)
def test_smoothers_keep_a_line_and_calm_noise(name: str) -> None:
    t = np.arange(40.0)
    line = np.stack([t, 2 * t], axis=1)[:, None]
    np.testing.assert_allclose(SMOOTHERS[name](line)[4:-4], line[4:-4], atol=1e-9)
    noisy = line + np.random.default_rng(1).normal(0, 1, line.shape)
    assert np.abs(SMOOTHERS[name](noisy) - line)[4:-4].mean() < np.abs(noisy - line)[4:-4].mean()
