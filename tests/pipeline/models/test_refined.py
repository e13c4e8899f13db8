"""The refined network on markers: one name for each, and dark pictures."""

import torch

from heelstrike.preprocess.settings import PAD_VALUE, InputSize
from pipeline.models.blocks import brightened
from pipeline.models.build import build_model
from pipeline.models.refined import Refined
from pipeline.models.settings import RefinedSettings
from pipeline.problem import Problem

PROBLEM = Problem(keypoints=["a", "b", "c"], input=InputSize(width=64, height=64, channels=3))


def refined(apart_px: float) -> Refined:
    network = build_model(PROBLEM, RefinedSettings(name="refined", width=4, stride=4, window=16, apart_px=apart_px))
    assert isinstance(network, Refined)
    return network.eval()


def raw(network: Refined, origins: list[list[float]], presence: list[float]) -> dict[str, torch.Tensor]:
    with torch.no_grad():
        outputs = network(torch.zeros(1, 64, 64, 3, dtype=torch.uint8))
    return outputs | {
        "keypoints": torch.zeros_like(outputs["keypoints"]),
        "origin": torch.tensor([origins]),
        "presence": torch.tensor([presence]),
    }


def test_of_keypoints_on_one_marker_only_the_most_confident_is_present() -> None:
    places, logits = [[10.0, 10.0], [12.0, 11.0], [40.0, 10.0]], [1.0, 2.0, 0.5]
    network = refined(4)
    confidence = network.read_out(raw(network, places, logits))["confidence"][0]
    torch.testing.assert_close(
        confidence, torch.tensor([0.0, torch.sigmoid(torch.tensor(2.0)), torch.sigmoid(torch.tensor(0.5))])
    )
    rounded = network.read_out(raw(network, places, [30.0, 40.0, 0.5]))["confidence"][0]
    assert rounded[:2].tolist() == [0, 1]
    network = refined(0)
    confidence = network.read_out(raw(network, places, logits))["confidence"][0]
    torch.testing.assert_close(confidence, torch.sigmoid(torch.tensor(logits)))


def test_a_dark_picture_is_brightened_and_its_padding_is_not() -> None:
    random = torch.Generator().manual_seed(0)
    bright = torch.randint(40, 200, (1, 3, 160, 160), dtype=torch.uint8, generator=random).float()
    bright[..., :8, :] = PAD_VALUE
    bright[..., 16:32, 16:32] = 190
    torch.testing.assert_close(brightened(bright), bright)
    dark = bright / 10
    dark[..., :8, :] = PAD_VALUE
    seen = brightened(dark)
    assert (seen[..., :8, :] == PAD_VALUE).all()
    assert 150 < float(seen[..., 16:32, 16:32].mean()) < 170
    lamp = dark.clone()
    lamp[..., 152:, 152:] = 250  # a small lamp does not keep the legs dark
    torch.testing.assert_close(brightened(lamp)[..., 16:32, 16:32], seen[..., 16:32, 16:32])
