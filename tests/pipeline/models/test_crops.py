"""Input of the keypoint head of a multi-headed network, and the frame of its predictions."""

import pytest
import torch

from heelstrike.preprocess.settings import InputSize
from pipeline.models.build import build_model
from pipeline.models.crops import CROPS, Mask, RoiAlign
from pipeline.models.multihead import MultiHead
from pipeline.models.settings import MultiHeadSettings, StackBackbone
from pipeline.problem import Problem


def no_second() -> None:
    raise AssertionError("not needed")


def test_a_mask_keeps_what_lies_in_the_box() -> None:
    features, box = torch.ones(1, 2, 4, 4), torch.tensor([[0.5, 0.375, 0.5, 0.25]])
    seen, frame = Mask(no_second)(features, features, box)  # type: ignore[arg-type]
    assert frame.tolist() == [[0.5, 0.5, 1.0, 1.0]]
    assert seen[0, 0].tolist() == [[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_a_cut_scales_what_lies_in_the_box_to_the_whole_map() -> None:
    ramp = torch.arange(8.0).expand(1, 1, 8, 8)
    seen, frame = RoiAlign(no_second)(ramp, ramp, torch.tensor([[0.5, 0.5, 0.5, 0.5]]))  # type: ignore[arg-type]
    assert frame.tolist() == [[0.5, 0.5, 0.5, 0.5]]
    # cells of half the size, from the edge of cell 2 to that of cell 5
    assert torch.allclose(seen[0, 0, 3], torch.arange(8.0) / 2 + 1.75)


@pytest.mark.parametrize("crop", sorted(CROPS))
@pytest.mark.parametrize("size", [InputSize(width=64, height=64), InputSize(width=75, height=50)], ids=str)
def test_keypoints_lie_in_the_image_wherever_the_head_looked(crop: str, size: InputSize) -> None:
    torch.manual_seed(1)
    problem = Problem(keypoints=("a", "b"), input=size)
    settings = MultiHeadSettings.model_validate(
        {"name": "multihead", "backbone": StackBackbone(channels=(4, 4)), "hidden": 8, "crop": crop, "crop_margin": 0.1}
    )
    network = build_model(problem, settings).eval()
    assert isinstance(network, MultiHead)
    box = torch.tensor([[10.0, 8.0, 30.0, 20.0]])
    network.box_head.connected[-1].bias.data = network.box_codec.encode(box)[0]
    # the head says: the middle of what it sees, and its lower right corner
    network.keypoint_head.connected[-1].bias.data = torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0, 0.0])
    outputs = network.predict(torch.zeros(1, size.height, size.width, 3, dtype=torch.uint8))
    padded = torch.tensor([4 * (-(-n // 4)) for n in (size.width, size.height)])
    cut = crop in ("roi_align", "second_pass")
    middle = torch.tensor([25.0, 18.0]) if cut else padded / 2 - 0.5
    corner = torch.tensor([25.0 + 18.0, 18.0 + 12.0]) if cut else padded - 0.5
    assert torch.allclose(outputs["keypoints"][0], torch.stack([middle, corner]), atol=1e-3)
