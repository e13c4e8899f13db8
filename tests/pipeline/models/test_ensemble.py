"""The ensemble: its prediction is the mean of its members', each of which learns by itself."""

import pytest
import torch

from heelstrike.errors import UserError
from heelstrike.preprocess.settings import InputSize
from pipeline.models.build import build_model
from pipeline.models.ensemble import Ensemble
from pipeline.models.network import KeypointNetwork
from pipeline.models.settings import EnsembleSettings, RefinedSettings, SpatialSettings
from pipeline.problem import Problem

PROBLEM = Problem(keypoints=("a", "b", "c"), input=InputSize(width=64, height=48, channels=1))
SPATIAL = SpatialSettings(name="spatial", width=4, levels=2)
REFINED = RefinedSettings(name="refined", width=4, stride=4, window=16, window_width=4, window_blocks=1)


def ensemble(of: SpatialSettings | RefinedSettings, members: int = 3) -> Ensemble:
    torch.manual_seed(1)
    network = build_model(PROBLEM, EnsembleSettings(name="ensemble", of=of, members=members))
    assert isinstance(network, Ensemble)
    return network.eval()


def members_of(network: Ensemble) -> list[KeypointNetwork]:
    return [member for member in network.members if isinstance(member, KeypointNetwork)]


@pytest.fixture
def pixels() -> torch.Tensor:
    return torch.randint(0, 256, (2, 48, 64, 1), dtype=torch.uint8, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("of", [SPATIAL, REFINED], ids=["spatial", "refined"])
@torch.no_grad()
def test_keypoints_and_box_are_the_mean_of_the_members(
    of: SpatialSettings | RefinedSettings, pixels: torch.Tensor
) -> None:
    network = ensemble(of)
    single = [member.predict(pixels) for member in members_of(network)]
    assert not torch.equal(single[0]["keypoints"], single[1]["keypoints"])
    together = network.predict(pixels)
    torch.testing.assert_close(together["keypoints"], torch.stack([p["keypoints"] for p in single]).mean(dim=0))
    logits = torch.stack([torch.logit(p["confidence"]) for p in single]).mean(dim=0)
    torch.testing.assert_close(together["confidence"], torch.sigmoid(logits))
    assert together["boxes"].shape == (2, 4)


def test_the_loss_is_the_mean_and_a_member_learns_from_its_own(pixels: torch.Tensor) -> None:
    network = ensemble(SPATIAL)
    keypoints = torch.tensor([[[10.0, 12.0], [30.0, 20.0], [50.0, 40.0]]]).expand(2, -1, -1)
    own = [member.keypoint_loss(member(pixels), keypoints) for member in members_of(network)]
    torch.testing.assert_close(network.keypoint_loss(network(pixels), keypoints), torch.stack(own).mean(dim=0))

    network.keypoint_loss(network(pixels), keypoints).sum().backward()
    first = [p.grad.clone() for p in network.members[0].parameters() if p.grad is not None]
    network.zero_grad()
    (own[0].sum() / 3).backward()
    alone = [p.grad for p in network.members[0].parameters() if p.grad is not None]
    assert len(first) == len(alone) > 0
    for a, b in zip(first, alone, strict=True):
        torch.testing.assert_close(a, b)
    assert all(p.grad is None or not p.grad.any() for p in network.members[1].parameters())


def test_members_that_name_markers_are_refused() -> None:
    named = RefinedSettings(name="refined", apart_px=4)
    with pytest.raises(UserError, match=r"an ensemble of networks with apart_px, .* set it to 0"):
        build_model(PROBLEM, EnsembleSettings(name="ensemble", of=named))
    with pytest.raises(ValueError, match="there is no unet; there are refined, spatial "):
        EnsembleSettings.model_validate({"name": "ensemble", "of": {"name": "unet"}})
