"""Losses by name: their numbers by hand, missing points without a say, impossible ones refused."""

from typing import Any, get_args

import pytest
import torch
from torch import Tensor

from heelstrike.errors import UserError
from heelstrike.preprocess.settings import InputSize
from pipeline.heads.arrays import Batch
from pipeline.heads.losses import HEAD_LOSSES
from pipeline.heads.settings import LossSettings
from pipeline.models.build import build_model
from pipeline.models.network import KeypointNetwork
from pipeline.models.settings import MultiHeadSettings, SpatialSettings
from pipeline.models.settings.backbones import StackBackbone
from pipeline.params import parse_params
from pipeline.problem import Problem
from pipeline.train.heads import head_losses
from pipeline.train.settings import TrainSettings

PROBLEM = Problem(keypoints=("a", "b"), input=InputSize(width=64, height=64))
SEEN = ((2, 1), (2, 0))
COORDINATES = ["mse", "rmse", "l1", "smooth_l1"]
OVERLAPS = ["iou", "giou", "ciou"]
# errors of the first image's points: (3, -4) and (0.5, 0); of the second's first: (0, 0), its second is missing
ERRORS = torch.tensor([[[3.0, -4.0], [0.5, 0.0]], [[0.0, 0.0], [50.0, 50.0]]])
BY_HAND = {
    "mse": (9 + 16 + 0.25) / 6,
    "rmse": ((9 + 16 + 0.25) / 6) ** 0.5,
    "l1": 7.5 / 6,
    "smooth_l1": (2.5 + 3.5 + 0.125) / 6,
}


@pytest.fixture(scope="module")
def network() -> KeypointNetwork:
    return build_model(
        PROBLEM, MultiHeadSettings(name="multihead", backbone=StackBackbone(channels=(4, 8)), hidden=8)
    ).eval()


def batch(boxes: Any, visibility: Any = SEEN) -> Batch:
    points = torch.tensor([[[10.0, 20.0], [30.0, 40.0]], [[5.0, 6.0], [0.0, 0.0]]])
    return Batch(
        torch.zeros(2, 64, 64, 3, dtype=torch.uint8),
        points,
        torch.tensor(visibility, dtype=torch.uint8),
        torch.tensor(boxes),
        torch.full((2,), -1),
        torch.empty(2, 0, 5),
    )


def by(**names: Any) -> TrainSettings:
    return TrainSettings(losses=LossSettings(**names))


def keypoint_loss(network: KeypointNetwork, name: Any, visibility: Any = SEEN) -> tuple[Tensor, Tensor]:
    labels = batch([[0.0, 0, 10, 10]] * 2, visibility)
    raw = {"keypoints": network.codec.encode(labels.keypoints + ERRORS).requires_grad_(), "presence": torch.zeros(2, 2)}
    return head_losses(network, raw, labels, ("keypoints",), by(keypoints=name))["keypoints"], raw["keypoints"]


def box_loss(network: KeypointNetwork, name: Any, found: Any, expected: Any) -> tuple[Tensor, Tensor]:
    raw = {"box": network.box_codec.encode(torch.tensor(found)).requires_grad_()}
    return head_losses(network, raw, batch(expected), ("box",), by(box=name))["box"], raw["box"]


def test_every_name_has_a_loss() -> None:
    for head, known in HEAD_LOSSES.items():
        assert set(get_args(LossSettings.model_fields[head].annotation)) == set(known)


@pytest.mark.parametrize("name", COORDINATES)
def test_coordinates_are_compared_in_pixels_as_by_hand(network: KeypointNetwork, name: str) -> None:
    loss, _ = keypoint_loss(network, name)
    assert loss.item() == pytest.approx(BY_HAND[name], rel=1e-4)


@pytest.mark.parametrize("name", ["codec", *COORDINATES])
def test_a_missing_point_has_no_say_and_no_gradient(network: KeypointNetwork, name: str) -> None:
    loss, raw = keypoint_loss(network, name)
    loss.backward()
    assert raw.grad is not None
    assert not raw.grad[1, 1].any()
    assert raw.grad[0].any()
    assert torch.isfinite(raw.grad).all()


@pytest.mark.parametrize("name", ["codec", *COORDINATES])
def test_nothing_labelled_is_no_loss_and_no_nan(network: KeypointNetwork, name: str) -> None:
    loss, raw = keypoint_loss(network, name, [[0, 0], [0, 0]])
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-5)
    assert raw.grad is not None
    assert not raw.grad.any()


BOXES = [[10.0, 10.0, 20.0, 20.0], [30.0, 30.0, 10.0, 10.0]]
# the first is shifted by half its width, so IoU 1/3; the second is right
SHIFTED = [[20.0, 10.0, 20.0, 20.0], [30.0, 30.0, 10.0, 10.0]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mse", 100 / 8),
        ("rmse", (100 / 8) ** 0.5),
        ("l1", 10 / 8),
        ("smooth_l1", 9.5 / 8),
        ("iou", (2 / 3) / 2),
        ("giou", (2 / 3) / 2),  # the hull of the two is their union
        ("ciou", (2 / 3 + 10**2 / (30**2 + 20**2)) / 2),  # same shape: only the distance of the centres is added
    ],
)
def test_boxes_are_compared_as_by_hand(network: KeypointNetwork, name: str, expected: float) -> None:
    loss, _ = box_loss(network, name, SHIFTED, BOXES)
    assert loss.item() == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("name", [*COORDINATES, *OVERLAPS])
def test_an_image_without_a_box_has_no_say(network: KeypointNetwork, name: str) -> None:
    loss, raw = box_loss(network, name, SHIFTED, [BOXES[0], [0.0, 0.0, 0.0, 0.0]])
    alone, _ = box_loss(network, name, [SHIFTED[0]] * 2, [BOXES[0]] * 2)
    loss.backward()
    assert loss.item() == pytest.approx(alone.item(), rel=1e-4)
    assert raw.grad is not None
    assert torch.isfinite(raw.grad).all()
    assert not raw.grad[1].any()


@pytest.mark.parametrize("name", ["giou", "ciou"])
def test_boxes_apart_are_drawn_together(network: KeypointNetwork, name: str) -> None:
    _, raw = pair = box_loss(network, name, [[40.0, 40, 10, 10]] * 2, [[5.0, 5, 10, 10]] * 2)
    pair[0].backward()
    assert raw.grad is not None
    assert (raw.grad[:, :2] > 0).all(), "a step down the gradient must move the centre up and left"


@pytest.mark.parametrize("name", COORDINATES)
def test_half_precision_does_not_round_coordinates(network: KeypointNetwork, name: str) -> None:
    labels = batch([[0.0, 0, 10, 10]] * 2)
    raw = {"keypoints": torch.full((2, 2, 2), 0.40625, dtype=torch.bfloat16), "presence": torch.zeros(2, 2)}
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = head_losses(network, raw, labels, ("keypoints",), by(keypoints=name))["keypoints"]
    full = {k: v.float() for k, v in raw.items()}
    exact = head_losses(network, full, labels, ("keypoints",), by(keypoints=name))["keypoints"]
    assert half.item() == pytest.approx(exact.item(), rel=1e-6)


@pytest.mark.parametrize("name", COORDINATES)
def test_maps_that_are_read_out_by_expectation_learn_from_coordinates(name: Any) -> None:
    torch.manual_seed(1)
    dsnt = build_model(PROBLEM, SpatialSettings(name="spatial", width=4, levels=1, codec="dsnt"))
    losses = head_losses(
        dsnt, dsnt(torch.randint(0, 255, (2, 64, 64, 3), dtype=torch.uint8)), batch([[0.0, 0, 9, 9]] * 2),
        ("keypoints",), by(keypoints=name),
    )  # fmt: skip
    losses["keypoints"].backward()
    assert dsnt.stem[0][0].weight.grad is not None  # type: ignore[union-attr,index]
    assert dsnt.stem[0][0].weight.grad.any()  # type: ignore[union-attr,index]


def section(**changes: Any) -> dict[str, Any]:
    base = {"problem": {"keypoints": ["a"]}, "collect": {"sources": [{"kind": "csv"}]}}
    return {"problems": ["p"], "p": base | {"model": {"name": "spatial", "codec": "dsnt"}} | changes}


@pytest.mark.parametrize(
    "changes",
    [
        {"model": {"name": "spatial", "codec": "softmax"}},
        {"model": {"name": "refined"}},
        {"search": {"architectures": [{"name": "refined"}]}},
        {"search": {"space": {"model.codec": {"choose": ["dsnt", "softmax"]}}}},
    ],
)
def test_coordinates_read_out_by_a_maximum_are_refused_at_once(changes: dict[str, Any]) -> None:
    mse = {"train": {"losses": {"keypoints": "mse"}}}
    parse_params(section(**mse))
    parse_params(section(**changes))
    with pytest.raises(UserError, match=r"train\.losses\.keypoints is mse, which cannot train .* have no gradient"):
        parse_params(section(**mse, **changes))


def test_a_search_that_could_meet_an_impossible_loss_is_refused() -> None:
    space = {"train.losses.keypoints": {"choose": ["codec", "mse"]}, "model.codec": {"choose": ["dsnt", "softmax"]}}
    for path, what in space.items():
        parse_params(section(search={"space": {path: what}}))
    with pytest.raises(UserError, match="have no gradient"):
        parse_params(section(search={"space": space}))


@pytest.mark.parametrize(("head", "name"), [("keypoints", "iou"), ("box", "mae")])
def test_an_unknown_loss_is_refused(head: str, name: str) -> None:
    with pytest.raises(UserError, match=rf"p\.train\.losses\.{head}: Input should be 'codec', .*found '{name}'"):
        parse_params(section(train={"losses": {head: name}}))
