"""That our read-out is torchvision's, where the weights come from, and what learns."""

from pathlib import Path

import pytest
import torch
import torchvision
from torchvision.models.detection import keypointrcnn_resnet50_fpn
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import heatmaps_to_keypoints
from torchvision.ops import MultiScaleRoIAlign

from heelstrike.errors import UserError
from heelstrike.preprocess.settings import InputSize
from pipeline.models.backbones.extractor import as_imagenet
from pipeline.models.blocks import normalised
from pipeline.models.build import build_model
from pipeline.models.keypoint_rcnn import KeypointRcnn
from pipeline.models.pyramid import pool_regions
from pipeline.models.settings import KeypointRcnnSettings
from pipeline.problem import Problem
from pipeline.train.module import Training
from pipeline.train.settings import Step, TrainSettings

PROBLEM = Problem(keypoints=("a", "b"), input=InputSize(width=64, height=96))
SMALL = {"resnet": 18, "width": 8, "hidden": 8, "keypoint_width": 8, "keypoint_layers": 1}


def make(**settings: object) -> KeypointRcnn:
    torch.manual_seed(1)
    chosen = KeypointRcnnSettings.model_validate({"name": "keypoint_rcnn", **SMALL, **settings})
    network = build_model(PROBLEM, chosen)
    assert isinstance(network, KeypointRcnn)
    return network


def test_regions_are_pooled_as_torchvision_does() -> None:
    torch.manual_seed(1)
    pyramid = [torch.randn(2, 3, 512 // s, 512 // s) for s in (4, 8, 16, 32)]
    boxes = torch.tensor(
        [[[10.0, 20, 15, 22], [1, 2, 200, 190], [0, 0, 512, 512]], [[5, 5, 120, 130], [9, 8, 9, 8], [0, 0, 500, 90]]]
    )
    theirs = MultiScaleRoIAlign(["0", "1", "2", "3"], 7, 2)
    expected = theirs({str(i): m for i, m in enumerate(pyramid)}, list(boxes), [(512, 512)] * 2)
    assert torch.allclose(pool_regions(pyramid, boxes, 7), expected, atol=1e-5)


def test_the_answer_is_torchvisions_best_detection_when_it_keeps_every_proposal() -> None:
    network = make(proposals=10_000).eval()
    rcnn, pixels = network.rcnn, torch.randint(0, 256, (2, 96, 64, 3), dtype=torch.uint8)
    rcnn.rpn.nms_thresh, rcnn.roi_heads.score_thresh = 1.0, 0.0
    rcnn.rpn._pre_nms_top_n["testing"] = rcnn.rpn._post_nms_top_n["testing"] = 10_000
    images = as_imagenet(normalised(pixels, 32))
    with torch.inference_mode():
        maps, sizes = rcnn.backbone(images), [(96, 64)] * 2
        proposals, _ = rcnn.rpn(ImageList(images, sizes), maps)
        theirs, _ = rcnn.roi_heads(maps, proposals, sizes)
        raw = network(pixels)
        pooled = rcnn.roi_heads.keypoint_roi_pool(maps, [their["boxes"][:1] for their in theirs], sizes)
        their_maps = rcnn.roi_heads.keypoint_predictor(rcnn.roi_heads.keypoint_head(pooled))
        ours = network.read_out(raw)
    for box, their in zip(ours["boxes"], theirs, strict=True):
        x1, y1, x2, y2 = their["boxes"][0].tolist()
        assert box.tolist() == pytest.approx([x1 - 0.5, y1 - 0.5, x2 - x1, y2 - y1], abs=1e-2)
    assert torch.allclose(raw["keypoints"], their_maps, atol=1e-4)


def test_maps_are_read_where_torchvision_reads_them() -> None:
    network = make()
    # a box of 112 px from the edge (10, 20): two pixels for each of the 56 cells
    box, points = torch.tensor([[10.0, 20.0, 122.0, 132.0]]), torch.tensor([[[33.0, 47.0], [101.5, 30.5]]])
    raw = {"origin": torch.tensor([[[10.5, 20.5]]]), "scale": torch.tensor([[[2.0, 2.0]]])}
    raw["keypoints"] = network.codec.encode((points - raw["origin"]) / raw["scale"])
    assert torch.allclose(network.read_points(raw), points, atol=0.01)
    theirs = heatmaps_to_keypoints(raw["keypoints"], box)[0][..., :2] - 0.5
    assert (theirs - points).abs().max() <= 0.75  # they answer with the middle of a pixel


def test_the_published_network_has_the_published_weights_and_needs_them_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    coco = KeypointRcnnSettings(name="keypoint_rcnn", pretrained="coco")
    with pytest.raises(UserError, match=r"model.pretrained: the pretrained weights of keypoint_rcnn are not at .*coco"):
        build_model(PROBLEM, coco)
    published = keypointrcnn_resnet50_fpn(weights=None, weights_backbone=None)
    (tmp_path / "checkpoints").mkdir()
    url = torchvision.models.detection.KeypointRCNN_ResNet50_FPN_Weights.COCO_V1.url
    torch.save(published.state_dict(), tmp_path / "checkpoints" / url.rsplit("/", 1)[-1])
    network = build_model(PROBLEM, coco)
    assert isinstance(network, KeypointRcnn)
    ours, theirs = network.rcnn.state_dict(), published.state_dict()
    other = {name for name, value in ours.items() if not torch.equal(value, theirs[name])}
    assert other == {f"roi_heads.keypoint_predictor.kps_score_lowres.{part}" for part in ("weight", "bias")}


def test_coco_weights_are_of_one_size() -> None:
    with pytest.raises(ValueError, match="COCO's weights are of a network with resnet 50, not 18"):
        make(pretrained="coco")


@pytest.mark.parametrize(("layers", "first"), [(5, None), (3, "layer2"), (0, "fpn")])
def test_the_first_stages_of_a_pretrained_backbone_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layers: int, first: str | None
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    url = torchvision.models.ResNet18_Weights.IMAGENET1K_V1.url
    torch.save(torchvision.models.resnet18().state_dict(), tmp_path / "checkpoints" / url.rsplit("/", 1)[-1])
    network = make(pretrained="imagenet", trainable_layers=layers)
    training = Training(network, TrainSettings(steps=(Step(heads=("box", "keypoints"), epochs=1),)), 0)
    training.trainer = type("T", (), {"estimated_stepping_batches": 5})()  # type: ignore[assignment]
    training.configure_optimizers()
    learning = [name for name, p in network.rcnn.backbone.named_parameters() if p.requires_grad]
    stages = ["conv1", "layer1", "layer2", "layer3", "layer4", "fpn"]
    expected = stages[stages.index(first) if first else 0 :]
    assert sorted({name.removeprefix("body.").split(".")[0] for name in learning}) == sorted(expected)


def test_half_precision_trains_on_coordinates_in_full() -> None:
    network = make().to(memory_format=torch.channels_last)  # as training has it
    pixels = torch.randint(0, 256, (2, 96, 64, 3), dtype=torch.uint8)
    truth = torch.tensor([[[20.0, 30.0], [40.0, 60.0]]] * 2)
    labels = (truth, torch.full((2, 2), 2), torch.tensor([[10.0, 20, 40, 50]] * 2))
    losses_of_runs = []
    for enabled in (False, True):
        torch.manual_seed(1)
        network.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            losses = network.own_losses(network(pixels), *labels)
        losses_of_runs.append(torch.stack([loss.float() for loss in losses.values()]).detach())
        torch.stack(list(losses.values())).sum().backward()
        assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)
    assert torch.allclose(*losses_of_runs, rtol=0.1)
