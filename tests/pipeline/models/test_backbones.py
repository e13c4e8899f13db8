"""The backbones that settings build."""

from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from heelstrike.errors import UserError
from heelstrike.preprocess.settings import InputSize
from pipeline.models.backbones import build_backbone
from pipeline.models.backbones.extractor import EXTRACTORS, as_imagenet
from pipeline.models.blocks import ResidualBlock, normalised
from pipeline.models.build import build_model, load_trained, save_weights
from pipeline.models.initial_weights import load_imagenet
from pipeline.models.settings import ExtractorBackbone, RegressionSettings, StackBackbone
from pipeline.problem import Problem


def kernels(**settings: object) -> list[tuple[int, int]]:
    """Kernel size and output channels of each convolution, residual blocks aside."""
    backbone = build_backbone(StackBackbone.model_validate({"channels": (16, 32), **settings}), 3)
    inside = {id(m) for block in backbone.modules() if isinstance(block, ResidualBlock) for m in block.modules()}
    convolutions = [m for m in backbone.modules() if isinstance(m, nn.Conv2d) and id(m) not in inside]
    return [(c.kernel_size[0], c.out_channels) for c in convolutions]


def test_bottlenecks_are_those_of_the_study() -> None:
    assert kernels() == [(3, 16), (3, 32)]
    assert kernels(bottleneck="nontraditional") == [(3, 16), (1, 16), (3, 32), (1, 32)]
    assert kernels(bottleneck="traditional") == [(1, 4), (3, 4), (1, 16), (1, 8), (3, 8), (1, 32)]
    assert kernels(residual=True) == kernels()


def test_a_block_ends_with_its_residual_block_and_then_pooling() -> None:
    backbone = build_backbone(StackBackbone(channels=(16,), residual=True, dropout=0.2), 3)
    assert [type(layer).__name__ for layer in backbone.layers] == [
        "ConvBlock", "ResidualBlock", "MaxPool2d", "Dropout2d",
    ]  # fmt: skip


def test_without_batch_norm_there_is_none_and_every_convolution_has_a_bias() -> None:
    backbone = build_backbone(StackBackbone(channels=(8, 8), stride=4, residual=True, batch_norm=False), 3)
    assert not [m for m in backbone.modules() if isinstance(m, nn.BatchNorm2d)]
    assert all(m.bias is not None for m in backbone.modules() if isinstance(m, nn.Conv2d))


@pytest.mark.parametrize("name", sorted(EXTRACTORS))
def test_extractors_say_how_large_their_map_is(name: str) -> None:
    backbone = build_backbone(ExtractorBackbone.model_validate({"name": name}), 1).eval()
    with torch.inference_mode():
        assert backbone(torch.zeros(1, 1, 64, 96)).shape == (1, backbone.channels, 2, 3)


def test_extractors_see_what_torchvision_shows_its_classifiers() -> None:
    pixels = torch.randint(0, 256, (1, 32, 32, 3), dtype=torch.uint8)
    expected = torchvision.transforms.functional.normalize(
        pixels.permute(0, 3, 1, 2) / 255, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    )
    assert torch.allclose(as_imagenet(normalised(pixels, 32)), expected, atol=1e-5)


def test_pretrained_weights_come_from_the_cache_or_their_absence_is_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    problem = Problem(keypoints=("a",), input=InputSize(width=32, height=32))
    backbone = ExtractorBackbone(name="resnet18")
    settings = RegressionSettings(name="regression", backbone=backbone, hidden=4)
    with pytest.raises(
        UserError, match=r"train.init_from: the pretrained weights of resnet18 are not at .*init_from: null"
    ):
        load_imagenet(build_model(problem, settings))

    classifier = torchvision.models.resnet18()
    (tmp_path / "checkpoints").mkdir()
    url = torchvision.models.ResNet18_Weights.DEFAULT.url
    file = tmp_path / "checkpoints" / url.rsplit("/", 1)[-1]
    torch.save(classifier.state_dict(), file)
    network = build_model(problem, settings)
    taken = load_imagenet(network)
    extractor = sum(p.numel() for p in classifier.parameters()) - sum(p.numel() for p in classifier.fc.parameters())
    assert taken.parameters == extractor
    assert {name.partition(".")[0] for name in taken.left} == {"keypoint_head"}
    assert torch.equal(network.backbone.layers[0].weight, classifier.conv1.weight)  # type: ignore[union-attr, index]

    file.unlink()  # what is trained needs them no longer
    save_weights(network, tmp_path / "weights.safetensors")
    (tmp_path / "settings.json").write_text(
        f'{{"problem": {problem.model_dump_json()}, "model": {settings.model_dump_json()}}}'
    )
    assert load_trained(tmp_path).settings == settings
