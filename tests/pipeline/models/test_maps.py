"""Properties of networks of maps that the conformance tests do not cover."""

import pytest
import torch
from pydantic import ValidationError

from heelstrike.errors import UserError
from heelstrike.preprocess.settings import InputSize
from pipeline.models.build import build_model
from pipeline.models.maps.network import MapNetwork
from pipeline.models.settings import (
    ConfigurationSettings,
    DeepLabSettings,
    FlatNetSettings,
    HeatmapNetSettings,
    HourglassSettings,
    UnetPlusPlusSettings,
    UnetSettings,
    VitSettings,
)
from pipeline.problem import Problem

TINY = "tu-test_resnet"
SMALL = Problem(keypoints=("a", "b"), input=InputSize(width=75, height=50, channels=1))


def maps_of(settings: object, problem: Problem = SMALL) -> tuple[int, ...]:
    network = build_model(problem, settings).eval()
    size = problem.input
    with torch.inference_mode():
        return tuple(
            network(torch.zeros(1, size.height, size.width, size.channels, dtype=torch.uint8))["keypoints"].shape
        )


@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("kind", [UnetSettings, UnetPlusPlusSettings])
def test_stride_is_the_resolution_of_the_maps_over_the_padded_input(kind: type, stride: int) -> None:
    name = kind.model_fields["name"].annotation.__args__[0]
    settings = kind(name=name, encoder=TINY, width=2, stride=stride)
    assert maps_of(settings) == (1, 2, 64 // stride, 96 // stride)


@pytest.mark.parametrize("stride", [1, 2, 4, 8])
def test_skips_do_not_change_the_maps_and_add_weights(stride: int) -> None:
    on, off = (
        HeatmapNetSettings(name="heatmapnet", channels=(4, 4, 8, 8), stride=stride, skips=skips)
        for skips in (True, False)
    )
    assert maps_of(on) == maps_of(off) == (1, 2, 64 // stride, 80 // stride)
    more, fewer = (sum(p.numel() for p in build_model(SMALL, one).parameters()) for one in (on, off))
    # from a depth of one halving below the maps there is nothing between to skip to
    assert (more > fewer) == (stride < 8)


def test_flat_net_has_the_published_layers_and_never_leaves_minus_one_to_one() -> None:
    network = build_model(SMALL, FlatNetSettings(name="flatnet", width=2))
    assert isinstance(network, MapNetwork)
    dilated = [m for m in network.body.modules() if isinstance(m, torch.nn.Conv2d) and m.kernel_size == (9, 9)]
    assert sorted({m.dilation[0] for m in dilated}) == [1, 2, 4, 6, 8]
    assert len(dilated) == 10
    assert not [m for m in network.modules() if isinstance(m, torch.nn.MaxPool2d | torch.nn.AvgPool2d)]
    torch.nn.init.normal_(network.head.where[0].weight, std=50)
    raw = network(torch.randint(0, 255, (2, 50, 75, 1), dtype=torch.uint8))["keypoints"]
    assert raw.abs().max() <= 1


def test_every_hourglass_is_taught() -> None:
    network = build_model(SMALL, HourglassSettings(name="hourglass", stacks=3, width=8, levels=2))
    raw = network(torch.randint(0, 255, (2, 50, 75, 1), dtype=torch.uint8))
    assert raw["early"].shape[:3] == (2, 2, 2)
    network.keypoint_loss(raw, torch.full((2, 2, 2), 20.0)).sum().backward()
    assert all(conv.weight.grad is not None and conv.weight.grad.abs().sum() > 0 for conv in network.early)


def test_what_cannot_be_built_is_refused() -> None:
    with pytest.raises(ValidationError, match="hands its maps to the next"):
        HourglassSettings(name="hourglass", codec="simcc")
    with pytest.raises(ValidationError, match="it must be odd"):
        ConfigurationSettings(name="configuration", kernel=4)
    with pytest.raises(ValidationError, match="not smaller than patch"):
        VitSettings(name="vit", patch=8, stride=8)
    with pytest.raises(ValidationError, match="do not go below stride 4"):
        HeatmapNetSettings(name="heatmapnet", channels=(4, 4), stride=4)
    with pytest.raises(ValidationError):
        FlatNetSettings(name="flatnet", codec="dsnt")


def test_unknown_encoders_and_missing_weights_are_named() -> None:
    with pytest.raises(UserError, match=r"model\.encoder: no encoder 'resnet19'; there are .*resnet18"):
        build_model(SMALL, UnetSettings(name="unet", encoder="resnet19"))
    with pytest.raises(UserError, match=r"model\.encoder: 'vit_nothing' is no vision transformer"):
        build_model(SMALL, VitSettings(name="vit", encoder="vit_nothing"))
    with pytest.raises(UserError, match="has patches of 16 px"):
        build_model(SMALL, VitSettings(name="vit", encoder="test_vit", patch=8, stride=4))
    for settings in (
        UnetSettings(name="unet", encoder="mobilenet_v2"),
        VitSettings(name="vit", encoder="vit_tiny_patch16_224"),
    ):
        with pytest.raises(UserError, match=r"not in Hugging Face's cache .*`train.init_from: null`"):
            build_model(SMALL, settings).load_imagenet()


@pytest.mark.slow
@pytest.mark.parametrize("encoder", ["resnet18", "resnet50", "vgg19", "efficientnet-b7", "resnext101_32x8d"])
@pytest.mark.parametrize("kind", [UnetSettings, UnetPlusPlusSettings, DeepLabSettings])
def test_encoders_of_the_issue_build_and_step(kind: type, encoder: str) -> None:
    """VGG's convolutions cannot be dilated, so DeepLabV3+ refuses it by name."""
    name = kind.model_fields["name"].annotation.__args__[0]
    settings = kind(name=name, encoder=encoder)
    if (name, encoder) == ("deeplabv3plus", "vgg19"):
        with pytest.raises(UserError, match=r"model\.encoder: vgg19 cannot be used here"):
            build_model(SMALL, settings)
        return
    network = build_model(SMALL, settings)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    images, truth = torch.randint(0, 255, (2, 50, 75, 1), dtype=torch.uint8), torch.full((2, 2, 2), 20.0)
    before = [p.detach().clone() for p in network.body.encoder.parameters()]
    loss = network.keypoint_loss(network(images), truth).mean()
    loss.backward()
    optimizer.step()
    assert torch.isfinite(loss)
    after = network.body.encoder.parameters()
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
