"""Every architecture through the same conformance tests."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from heelstrike.errors import UserError
from heelstrike.files import write_json
from heelstrike.preprocess.letterbox import Letterbox
from heelstrike.preprocess.settings import InputSize
from pipeline.heads import heads_of
from pipeline.models.build import build_model, load_trained, save_weights
from pipeline.models.inference import predict_arrays
from pipeline.models.network import KeypointNetwork
from pipeline.models.refined import Refined
from pipeline.models.settings import (
    ARCHITECTURES,
    ConfigurationSettings,
    DeepLabSettings,
    EnsembleSettings,
    ExtractorBackbone,
    FlatNetSettings,
    HeatmapNetSettings,
    HourglassSettings,
    KeypointRcnnSettings,
    LocalizationSettings,
    ModelSettings,
    MultiHeadSettings,
    RefinedSettings,
    RegressionNetSettings,
    RegressionSettings,
    SpatialSettings,
    StackBackbone,
    UnetPlusPlusSettings,
    UnetSettings,
    VitSettings,
)
from pipeline.package.export import export_model
from pipeline.prepare.preprocess import Preprocess
from pipeline.problem import Problem

PLAIN = StackBackbone(channels=(4, 8, 8))
RESIDUAL = StackBackbone(channels=(4, 8), stride=2, residual=True)

TINY = "tu-test_resnet"  # timm's, for tests

CASES: list[ModelSettings] = [
    SpatialSettings(name="spatial", width=4, levels=2),
    SpatialSettings(name="spatial", width=4, levels=2, stride=2, codec="softmax"),
    SpatialSettings(name="spatial", width=4, levels=1, stride=1, codec="dsnt", dropout=0.2),
    RefinedSettings(name="refined", width=4, stride=4, window=16, window_width=4, window_blocks=1),
    RefinedSettings(name="refined", width=4, levels=1, window=20, window_width=8, codec="dsnt", jitter=0),
    RefinedSettings(name="refined", width=4, stride=4, window=16, window_width=4, window_blocks=1, box="keypoints"),
    RefinedSettings(name="refined", width=8, levels=1, window=16, window_width=4, apart_px=3, brighten=True),
    EnsembleSettings(
        name="ensemble", of=RefinedSettings(name="refined", width=4, stride=4, window=16, window_width=4), members=2
    ),
    RegressionSettings(name="regression", backbone=PLAIN, hidden=16),
    RegressionSettings(
        name="regression", backbone=StackBackbone(channels=(4, 8), stride=4, batch_norm=False, residual=True), hidden=16
    ),
    RegressionSettings(
        name="regression", backbone=RESIDUAL.model_copy(update={"bottleneck": "nontraditional"}), hidden=16
    ),
    RegressionSettings(name="regression", backbone=ExtractorBackbone(name="mobilenet_v3_small"), hidden=16),
    LocalizationSettings(
        name="localization", backbone=RESIDUAL.model_copy(update={"bottleneck": "traditional"}), hidden=16
    ),
    LocalizationSettings(name="localization", backbone=ExtractorBackbone(name="resnet18"), hidden=16),
    KeypointRcnnSettings(
        name="keypoint_rcnn",
        resnet=18,
        width=16,
        hidden=16,
        keypoint_width=16,
        keypoint_layers=1,
        proposals=24,
    ),
    MultiHeadSettings(name="multihead", backbone=RESIDUAL, hidden=16, dropout=0.0),
    MultiHeadSettings(name="multihead", backbone=PLAIN, hidden=16, crop="roi_align"),
    MultiHeadSettings(name="multihead", backbone=RESIDUAL, hidden=16, crop="second_pass"),
    MultiHeadSettings(name="multihead", backbone=RESIDUAL, hidden=16, crop="mask", separate=True),
    HeatmapNetSettings(name="heatmapnet", channels=(8, 8, 8)),
    HeatmapNetSettings(name="heatmapnet", channels=(8, 8, 8), skips=False, stride=4, codec="softmax", confidence="map"),
    HeatmapNetSettings(name="heatmapnet", channels=(8, 8, 8), stride=4, codec="simcc"),
    RegressionNetSettings(name="regressionnet", channels=(8, 8, 8), hidden=(16,), dropout=0.1),
    HourglassSettings(name="hourglass", width=8, levels=2),
    FlatNetSettings(name="flatnet", width=4, dilations=(1, 2), stride=2),
    ConfigurationSettings(name="configuration", channels=(8, 8, 8), width=8, shrink=2, kernel=5),
    UnetSettings(name="unet", encoder=TINY, width=4),
    UnetSettings(name="unet", encoder=TINY, width=2, stride=4, codec={"name": "heatmap", "decode": "soft_argmax"}),
    UnetPlusPlusSettings(name="unetplusplus", encoder=TINY, width=4, stride=2, codec="dsnt"),
    DeepLabSettings(name="deeplabv3plus", encoder=TINY, width=8, dropout=0.1),
    VitSettings(name="vit", encoder="test_vit", width=8),
]
SIZES = [InputSize(width=64, height=64), InputSize(width=75, height=50, channels=1)]


def problem(size: InputSize) -> Problem:
    return Problem(keypoints=("a", "b", "c"), input=size)


def name_of(settings: ModelSettings) -> str:
    """Short and unique."""
    backbone = getattr(settings, "backbone", None)
    parts = [settings.name, backbone and backbone.name, getattr(settings, "crop", None), str(CASES.index(settings))]
    return "-".join(filter(None, parts))


def pixels(size: InputSize, count: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    shape = (count, size.height, size.width, size.channels)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


def fresh(settings: ModelSettings, size: InputSize, seed: int = 1) -> KeypointNetwork:
    torch.manual_seed(seed)
    return build_model(problem(size), settings)


def with_random_heads(network: KeypointNetwork) -> KeypointNetwork:
    """Fresh output layers are zero; give them something to say."""
    torch.manual_seed(3)
    for parameter in network.parameters():
        if not parameter.abs().sum():
            torch.nn.init.normal_(parameter, std=0.1)
    if isinstance(network, Refined):
        # keypoints are present, so that a box around them depends on them
        for maps in (network.maps, network.coarse.maps):
            assert maps.bias is not None
            torch.nn.init.constant_(maps.bias, 2.0)
    return network


def test_every_architecture_is_tested() -> None:
    # those of one picture's class and of any number of instances have tests of their own
    assert {case.name for case in CASES} == set(ARCHITECTURES) - {"classifier", "detector"}


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("settings", CASES, ids=name_of)
class TestArchitecture:
    def test_shapes(self, settings: ModelSettings, size: InputSize) -> None:
        network = fresh(settings, size).eval()
        assert set(network.heads) == set(settings.heads)
        raw, outputs = network(pixels(size)), network.predict(pixels(size))
        assert ("keypoints" in raw, "presence" in raw) == ("keypoints" in network.heads,) * 2
        assert ("box" in raw) == ("box" in network.heads)
        assert set(outputs) == {name for head in heads_of(network.heads) for name in head.outputs}
        shapes = {"keypoints": (2, 3, 2), "confidence": (2, 3), "boxes": (2, 4)}
        assert all(tuple(part.shape) == shapes[name] for name, part in outputs.items())
        if "confidence" in outputs:
            assert ((outputs["confidence"] >= 0) & (outputs["confidence"] <= 1)).all()

    def test_same_seed_gives_the_same_network(self, settings: ModelSettings, size: InputSize) -> None:
        one, two, other = (list(fresh(settings, size, seed).state_dict().values()) for seed in (1, 1, 2))
        assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
        assert not all(torch.equal(a, b) for a, b in zip(one, other, strict=True))

    def test_an_ideal_output_is_read_out_as_the_truth(self, settings: ModelSettings, size: InputSize) -> None:
        network = fresh(settings, size).eval()
        truth = torch.tensor([[[10.25, 20.5], [33.3, 41.7], [48.0, 2.5]]])
        boxes = torch.tensor([[5.0, 6.0, 30.0, 40.0]])
        # windows of a second look, where there is one, begin here
        origin = torch.tensor([[[4.0, 14.0], [27.0, 35.0], [40.0, -4.0]]]) if settings.name == "refined" else 0.0
        raw = {
            "origin": origin,
            "scale": torch.ones(1),
            "keypoints": network.codec.encode(truth - origin),
            "presence": torch.zeros(1, 3),
            "box": network.box_codec.encode(boxes),
        }
        for name, value in network(pixels(size)).items():
            assert name not in ("keypoints", "box") or raw[name].shape[1:] == value.shape[1:]
        decoded = network.read_out(raw)
        assert torch.allclose(decoded.get("keypoints", truth), truth, atol=0.01)
        assert torch.allclose(decoded.get("boxes", boxes), boxes, atol=0.01)

    def test_each_head_sends_gradients_to_the_backbone_and_to_no_other_head(
        self, settings: ModelSettings, size: InputSize
    ) -> None:
        network = with_random_heads(fresh(settings, size))
        own = {head: {id(p) for layer in layers for p in layer.parameters()} for head, layers in network.heads.items()}
        raw = network(pixels(size, 4))
        touched: set[int] = set()
        for head, loss in losses(network, raw).items():
            network.zero_grad(set_to_none=True)
            loss.backward(retain_graph=True)
            now = {id(p) for p in network.parameters() if p.grad is not None and p.grad.abs().sum() > 0}
            assert now & own[head]
            assert not any(now & layers for other, layers in own.items() if other != head)
            touched |= now
        assert touched - set().union(*own.values()), "the shared layers learn nothing"
        still = [name for name, p in network.named_parameters() if id(p) not in touched]
        assert not still, "some layers learn nothing"

    def test_loss_falls_to_little_on_one_batch(self, settings: ModelSettings, size: InputSize) -> None:
        network, images = fresh(settings, size), pixels(size)
        optimizer = torch.optim.Adam(network.parameters(), 0.01)
        history = []
        # a box around keypoints can only be learned once these are
        for _ in range(48 if settings.learns_after else 16):
            loss = torch.stack(list(losses(network, network(images)).values())).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            history.append(loss.item())
        assert min(history[-3:]) < 0.75 * history[0]

    def test_weights_survive_safetensors(self, settings: ModelSettings, size: InputSize, tmp_path: Path) -> None:
        network = with_random_heads(fresh(settings, size)).eval()
        save_weights(network, tmp_path / "weights.safetensors")
        write_json(
            tmp_path / "settings.json",
            {"problem": problem(size).model_dump(), "model": settings.model_dump(), "train": {}, "augment": {}},
        )
        again = load_trained(tmp_path)
        assert not again.training
        one, two = network.predict(pixels(size)), again.predict(pixels(size))
        assert all(torch.equal(one[name], two[name]) for name in one | two)


def losses(network: KeypointNetwork, raw: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the loss of each head, from its codec."""
    count = len(next(iter(raw.values())))
    visibility = torch.full((count, 3), 2, dtype=torch.uint8)
    truth = torch.tensor([[[10.0, 20.0], [33.0, 41.0], [48.0, 12.0]]] * count)
    boxes = torch.tensor([[5.0, 5.0, 20.0, 20.0]] * count)
    losses = network.own_losses(raw, truth, visibility, boxes)
    if losses:
        return {"keypoints": losses["keypoints"] + losses["presence"], "box": losses["box"]}
    if "keypoints" in network.heads:
        losses["keypoints"] = network.keypoint_loss(raw, truth).mean()
        if raw["presence"].requires_grad:  # or it is how sure the map is
            losses["keypoints"] = losses["keypoints"] + raw["presence"].square().mean()
    if "box" in network.heads:
        losses["box"] = network.box_codec.loss(raw["box"], boxes).mean()
    return losses


def kind_of(settings: ModelSettings) -> tuple[str, ...]:
    """Return the settings that change the operators of a graph; tests/pipeline/package exports the codecs."""
    return settings.name, str(type(getattr(settings, "backbone", None))), str(getattr(settings, "crop", ""))


# an export takes seconds: one of each kind, at the size that is padded and gray
@pytest.mark.parametrize("settings", {kind_of(case): case for case in CASES}.values(), ids=name_of)
def test_package_says_what_the_network_says_on_an_image_of_another_size(settings: ModelSettings) -> None:
    size = SIZES[1]
    network = with_random_heads(fresh(settings, size))
    network(pixels(size, 4))  # batch statistics that are not those of the start
    model = export_model(network.eval(), size)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    image = np.random.default_rng(5).integers(0, 255, (91, 67, 3), np.uint8)
    scaled, letterbox = Preprocess(size)(image)
    expected, back = predict_arrays(network, scaled[None]), Letterbox(*map(float, letterbox))
    exported = dict(zip([o.name for o in session.get_outputs()], session.run(None, {"image": image}), strict=True))
    outputs = {"box": ["box"], "keypoints": ["keypoints", "confidence"]}
    assert set(exported) == {name for head in network.heads for name in outputs[head]}
    if "keypoints" in expected:
        np.testing.assert_allclose(exported["keypoints"], back.backward(expected["keypoints"][0]), atol=0.01)
        np.testing.assert_allclose(exported["confidence"], expected["confidence"][0], atol=1e-4)
    if "boxes" in expected:
        np.testing.assert_allclose(exported["box"], back.backward_boxes(expected["boxes"][0]), atol=0.01)


def test_too_deep_a_network_is_refused() -> None:
    small = problem(InputSize(width=32, height=64))
    with pytest.raises(UserError, match=r"model: halves the image until a cell covers 64 px, but .* only 32 px"):
        build_model(small, SpatialSettings(name="spatial", levels=4))
    deep = StackBackbone(channels=(4,) * 6)
    with pytest.raises(UserError, match=r"covers 64 px.* use fewer backbone.channels entries"):
        build_model(small, RegressionSettings(name="regression", backbone=deep))


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
    assert predictions["keypoints"].shape == (0, 3, 2)
