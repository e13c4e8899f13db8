"""Every architecture through the same conformance tests."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from pipeline.errors import UserError
from pipeline.files import write_json
from pipeline.models.build import ARCHITECTURES, build_model, load_trained, save_weights
from pipeline.models.inference import predict_arrays
from pipeline.models.settings import ModelSettings, MultiHeadSettings, RefinedSettings, SpatialSettings
from pipeline.problem import InputSize, Problem

CASES: list[ModelSettings] = [
    SpatialSettings(name="spatial", width=4, levels=2),
    SpatialSettings(name="spatial", width=4, levels=2, stride=2, codec="softmax"),
    SpatialSettings(name="spatial", width=4, levels=1, stride=1, codec="dsnt", dropout=0.2),
    RefinedSettings(name="refined", width=4, stride=4, window=16, window_width=4, window_blocks=1),
    RefinedSettings(name="refined", width=4, levels=1, window=20, window_width=8, codec="dsnt", jitter=0),
    MultiHeadSettings(name="multihead", channels=(4, 8, 8), hidden=16),
    MultiHeadSettings(name="multihead", channels=(4, 8), hidden=16, stride=4, dropout=0.0),
]
SIZES = [InputSize(width=64, height=64), InputSize(width=75, height=50, channels=1)]


def problem(size: InputSize) -> Problem:
    return Problem(keypoints=("a", "b", "c"), input=size)


def pixels(size: InputSize, count: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    shape = (count, size.height, size.width, size.channels)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


def with_random_heads(network: torch.nn.Module) -> torch.nn.Module:
    """Fresh output layers are zero; give them something to say."""
    torch.manual_seed(3)
    for parameter in network.parameters():
        if not parameter.abs().sum():
            torch.nn.init.normal_(parameter, std=0.1)
    return network


def test_every_architecture_is_tested() -> None:
    assert {case.name for case in CASES} == set(ARCHITECTURES)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("settings", CASES, ids=str)
class TestArchitecture:
    def test_shapes(self, settings: ModelSettings, size: InputSize) -> None:
        network = build_model(problem(size), settings)
        raw = network(pixels(size))
        assert set(raw) >= {"keypoints", "presence", "box"}
        predictions = network.predict(pixels(size))
        assert predictions.keypoints.shape == (2, 3, 2)
        assert predictions.confidence.shape == (2, 3)
        assert predictions.boxes.shape == (2, 4)
        assert ((predictions.confidence >= 0) & (predictions.confidence <= 1)).all()

    def test_an_ideal_output_is_read_out_as_the_truth(self, settings: ModelSettings, size: InputSize) -> None:
        network = build_model(problem(size), settings)
        truth = torch.tensor([[[10.25, 20.5], [33.3, 41.7], [48.0, 2.5]]])
        boxes = torch.tensor([[5.0, 6.0, 30.0, 40.0]])
        # windows of a second look, where there is one, begin here
        origin = torch.tensor([[[4.0, 14.0], [27.0, 35.0], [40.0, -4.0]]]) if settings.name == "refined" else 0.0
        raw = {
            "origin": origin,
            "keypoints": network.codec.encode(truth - origin),
            "presence": torch.zeros(1, 3),
            "box": network.box_codec.encode(boxes),
        }
        assert raw["keypoints"].shape[1:] == network(pixels(size))["keypoints"].shape[1:]
        predictions = network.read_out(raw)
        assert torch.allclose(predictions.keypoints, truth, atol=0.01)
        assert torch.allclose(predictions.boxes, boxes, atol=0.01)

    def test_each_head_sends_gradients_to_the_backbone_and_to_no_other_head(
        self, settings: ModelSettings, size: InputSize
    ) -> None:
        torch.manual_seed(1)
        network = with_random_heads(build_model(problem(size), settings))
        own = {head: {id(p) for layer in layers for p in layer.parameters()} for head, layers in network.heads.items()}
        raw = network(pixels(size, 4))
        truth = torch.full((4, 3, 2), 20.0)
        losses = {
            "keypoints": network.keypoint_loss(raw, truth).sum() + raw["presence"].sum(),
            "box": network.box_codec.loss(raw["box"], torch.tensor([[5.0, 5.0, 20.0, 20.0]] * 4)).sum(),
        }
        for head, loss in losses.items():
            network.zero_grad(set_to_none=True)
            loss.backward(retain_graph=True)
            touched = {id(p) for p in network.parameters() if p.grad is not None and p.grad.abs().sum() > 0}
            other = "box" if head == "keypoints" else "keypoints"
            assert touched & own[head]
            assert not touched & own[other]
            assert touched - own[head], "the shared layers learn nothing"

    def test_loss_falls_to_little_on_one_batch(self, settings: ModelSettings, size: InputSize) -> None:
        torch.manual_seed(1)
        network = build_model(problem(size), settings)
        images, truth = pixels(size), torch.tensor([[[10.0, 20.0], [33.0, 41.0], [48.0, 12.0]]] * 2)
        optimizer = torch.optim.Adam(network.parameters(), 0.01)
        history = []
        for _ in range(12):
            loss = network.keypoint_loss(network(images), truth).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            history.append(loss.item())
        assert history[-1] < 0.75 * history[0]

    def test_weights_survive_safetensors(self, settings: ModelSettings, size: InputSize, tmp_path: Path) -> None:
        network = with_random_heads(build_model(problem(size), settings)).eval()
        save_weights(network, tmp_path / "weights.safetensors")
        write_json(
            tmp_path / "settings.json",
            {"problem": problem(size).model_dump(), "model": settings.model_dump(), "train": {}, "augment": {}},
        )
        again = load_trained(tmp_path)
        assert not again.training
        for one, two in zip(network.predict(pixels(size)), again.predict(pixels(size)), strict=True):
            assert torch.equal(one, two)

    def test_exports_with_any_batch_size(self, settings: ModelSettings, size: InputSize, tmp_path: Path) -> None:
        network = with_random_heads(build_model(problem(size), settings)).eval()
        session = export(network, pixels(size), tmp_path / "model.onnx")
        for count in (1, 3):
            images = pixels(size, count)
            expected = predict_arrays(network, images.numpy())
            found = session.run(None, {"pixels": images.numpy()})
            for name, array, tolerance in zip(expected._fields, found, (0.01, 1e-4, 0.01), strict=True):
                assert np.abs(getattr(expected, name) - array).max() <= tolerance, name


class _Predict(torch.nn.Module):
    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(self.network.predict(pixels))


def export(network: torch.nn.Module, images: torch.Tensor, path: Path) -> onnxruntime.InferenceSession:
    torch.onnx.export(
        _Predict(network).eval(), (images,), str(path), input_names=["pixels"],
        dynamic_shapes={"pixels": {0: torch.export.Dim("batch", min=1)}}, dynamo=True, verbose=False,
    )  # fmt: skip
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def test_too_deep_a_network_is_refused() -> None:
    small = problem(InputSize(width=32, height=64))
    with pytest.raises(UserError, match=r"model: halves the image until a cell covers 64 px, but .* only 32 px"):
        build_model(small, SpatialSettings(name="spatial", levels=4))


def test_missing_and_foreign_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"settings\.json: no trained network there"):
        load_trained(tmp_path)
    size = SIZES[0]
    save_weights(build_model(problem(size), CASES[0]), tmp_path / "weights.safetensors")
    write_json(tmp_path / "settings.json", {"problem": problem(size).model_dump(), "model": CASES[3].model_dump()})
    with pytest.raises(UserError, match=r"weights\.safetensors: not the weights of the network"):
        load_trained(tmp_path)
    (tmp_path / "settings.json").write_text("{}")
    with pytest.raises(UserError, match=r"settings\.json: not the settings of a trained network"):
        load_trained(tmp_path)


def test_no_images_give_empty_predictions() -> None:
    size = SIZES[0]
    predictions = predict_arrays(build_model(problem(size), CASES[0]), np.zeros((0, 64, 64, 3), np.uint8))
    assert predictions.keypoints.shape == (0, 3, 2)
