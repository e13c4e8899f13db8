"""Keypoint R-CNN (He et al. 2017, "Mask R-CNN"), built of torchvision's parts, for one instance in each image."""

from collections import OrderedDict
from typing import Any

import torch
import torchvision
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.detection import KeypointRCNN, KeypointRCNN_ResNet50_FPN_Weights
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.keypoint_rcnn import KeypointRCNNHeads, KeypointRCNNPredictor
from torchvision.models.detection.rpn import concat_box_prediction_layers
from torchvision.ops import FrozenBatchNorm2d, box_convert, clip_boxes_to_image

from pipeline.models.backbones.extractor import as_imagenet
from pipeline.models.blocks import normalised
from pipeline.models.codecs import Grid, Softmax
from pipeline.models.network import KeypointNetwork
from pipeline.models.pyramid import pool_regions
from pipeline.models.settings import KeypointRcnnSettings
from pipeline.models.weights import cached_weights
from pipeline.problem import Problem

_MULTIPLE, _BOX_CELLS, _MAP_CELLS, _MAP = 32, 7, 14, 56  # torchvision's
_OTHERWISE = "or set `pretrained: none` to train from scratch"
_STAGES = ("layer4", "layer3", "layer2", "layer1", "conv1", "bn1")  # in the order in which they are set free


class KeypointRcnn(KeypointNetwork):
    """Predicts the box of each image's best-scoring proposal, and keypoint maps inside it.

    There is always a prediction. If nothing looks like an instance, the best proposal has a low score; since the score
    is part of every confidence, all keypoints then count as missing. Proposals are not suppressed by overlap, since one
    is needed. There is no loop over images or regions, so the graph has fixed shapes and can be exported.

    Training is that of torchvision, with an additional layer that predicts the visibility of each keypoint. Boxes
    inside are corners in pixels from the image's upper left edge, half a pixel more than elsewhere in Heelstrike.
    """

    anchors: Float[Tensor, "A 4"]

    def __init__(self, problem: Problem, settings: KeypointRcnnSettings) -> None:
        super().__init__(problem, settings, Softmax(Grid(_MAP, _MAP, 1, _MAP, _MAP)))
        width, points = settings.keypoint_width, len(problem.keypoints)
        self.rcnn = _torchvisions(problem, settings)
        self.presence = nn.Linear(width, points)
        self.proposals, self.pretrained, self.body = settings.proposals, settings.pretrained, f"resnet{settings.resnet}"
        rpn, roi = self.rcnn.rpn, self.rcnn.roi_heads
        self.heads = {
            "box": [rpn, roi.box_head, roi.box_predictor],
            "keypoints": [roi.keypoint_head, roi.keypoint_predictor, self.presence],
        }
        if self.pretrained != "none":
            free = _STAGES[: settings.trainable_layers + (settings.trainable_layers == 5)]
            self.fixed = [layer for name, layer in self.rcnn.backbone.body.items() if name not in free]
        rows, columns = (-(-side // _MULTIPLE) for side in (problem.input.height, problem.input.width))
        self.size = (rows * _MULTIPLE, columns * _MULTIPLE)
        shapes = [(8 * rows, 8 * columns), (4 * rows, 4 * columns), (2 * rows, 2 * columns), (rows, columns)]
        shapes.append(((rows - 1) // 2 + 1, (columns - 1) // 2 + 1))
        blank = ImageList(torch.zeros(1, 3, *self.size), [self.size])
        anchors = rpn.anchor_generator(blank, [torch.zeros(1, 1, *shape) for shape in shapes])[0]
        self.register_buffer("anchors", anchors, persistent=False)

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Return raw outputs in evaluation mode, and the input of `own_losses` (images and maps) in training mode.

        The raw output `keypoints` are maps inside the box. `origin` (N, 1, 2) is the middle of their first cell in
        input pixels, and `scale` (N, 1, 2) is the number of input pixels per cell.
        """
        images = as_imagenet(normalised(pixels, _MULTIPLE))
        maps = {name: value.float() for name, value in self.rcnn.backbone(images).items()}
        return {"images": images, **maps} if self.training else self._detect(list(maps.values()))

    def _detect(self, maps: list[Tensor]) -> dict[str, Tensor]:
        boxes, roi, pyramid = self._propose(maps), self.rcnn.roi_heads, maps[:4]
        logits, shift = roi.box_predictor(roi.box_head(pool_regions(pyramid, boxes, _BOX_CELLS)))
        # the best is chosen by logits, since probabilities near 1 are too close together
        margin, best = (logits[:, 1] - logits[:, 0]).float().unflatten(0, boxes.shape[:2]).max(dim=1)
        refined = roi.box_coder.decode_single(shift.float(), boxes.flatten(0, 1))[:, 4:].unflatten(0, boxes.shape[:2])
        box = _inside(refined.gather(1, best[:, None, None].expand(-1, -1, 4)), self.problem)
        features = roi.keypoint_head(pool_regions(pyramid, box, _MAP_CELLS))
        sure = torch.sigmoid(self.presence(features.mean(dim=(2, 3))).float()) * torch.sigmoid(margin)[:, None]
        corner, size = box[..., :2], box[..., 2:] - box[..., :2]
        scale = size / _MAP
        return {
            "keypoints": roi.keypoint_predictor(features).float(),
            "presence": torch.logit(sure, eps=1e-6),
            "box": self.box_codec.encode(torch.cat([corner - 0.5, size], dim=-1)[:, 0]),
            "origin": corner + scale / 2 - 0.5,
            "scale": scale,
        }

    def _propose(self, maps: list[Tensor]) -> Float[Tensor, "N P 4"]:
        """Return the boxes with the highest objectness, as corrected by the proposal network."""
        rpn = self.rcnn.rpn
        objectness, shift = concat_box_prediction_layers(*rpn.head(maps))
        count = maps[0].shape[0]
        score, shift = objectness.float().reshape(count, -1), shift.float().reshape(count, -1, 4)
        most = score.topk(min(self.proposals, score.shape[1]), dim=1).indices
        chosen = shift.gather(1, most[..., None].expand(-1, -1, 4))
        boxes = rpn.box_coder.decode_single(chosen.flatten(0, 1), self.anchors[most].flatten(0, 1))
        return _inside(boxes.unflatten(0, most.shape), self.problem)

    def read_points(self, raw: dict[str, Tensor]) -> Float[Tensor, "N K 2"]:
        """Return the keypoints of the box's maps in input pixels."""
        return raw["origin"] + raw["scale"] * self.codec.decode(raw["keypoints"])

    def own_losses(
        self, raw: dict[str, Tensor], keypoints: Tensor, visibility: Tensor, boxes: Tensor
    ) -> dict[str, Tensor]:
        """Return torchvision's losses of proposals, class and box as `box`, of maps as `keypoints`, and `presence`."""
        images, maps = raw["images"], OrderedDict((name, raw[name]) for name in ("0", "1", "2", "3", "pool"))
        corners = box_convert(boxes, "xywh", "xyxy") + 0.5
        corners[:, 2:] = torch.maximum(corners[:, 2:], corners[:, :2] + 1)  # torchvision refuses a box without area
        points = torch.cat([keypoints + 0.5, visibility[..., None].to(keypoints)], dim=-1)
        one = torch.ones(1, dtype=torch.int64, device=boxes.device)
        targets: Any = [
            {"boxes": b[None], "labels": one, "keypoints": p[None]} for b, p in zip(corners, points, strict=True)
        ]
        proposals, losses = self.rcnn.rpn(ImageList(images, [self.size] * len(images)), maps, targets)
        losses |= self.rcnn.roi_heads(maps, proposals, [self.size] * len(images), targets)[1]
        features = self.rcnn.roi_heads.keypoint_head(
            pool_regions(list(maps.values())[:4], corners[:, None], _MAP_CELLS)
        )
        visible = self.presence(features.detach().mean(dim=(2, 3))).float()
        points_loss = losses.pop("loss_keypoint")
        return {
            "keypoints": points_loss,
            "presence": functional.binary_cross_entropy_with_logits(visible, (visibility == 2).to(visible)),
            "box": torch.stack(list(losses.values())).sum(),
        }

    def load_published(self) -> None:
        """Load the weights that `pretrained` names: COCO's for all layers that fit, or ImageNet's for the encoder."""
        if self.pretrained == "coco":
            published = KeypointRCNN_ResNet50_FPN_Weights.COCO_V1
            state = cached_weights(published, "model.pretrained", "keypoint_rcnn", _OTHERWISE)
            own = self.rcnn.state_dict()  # the last layer keeps its own weights if the number of keypoints differs
            fitting = {n: value for n, value in state.items() if n not in own or value.shape == own[n].shape}
            self.rcnn.load_state_dict(own | fitting)
        if self.pretrained == "imagenet":
            weights = torchvision.models.get_model_weights(self.body).IMAGENET1K_V1
            state = cached_weights(weights, "model.pretrained", self.body, _OTHERWISE)
            self.rcnn.backbone.body.load_state_dict({n: v for n, v in state.items() if not n.startswith("fc.")})


class _Maps(KeypointRCNNPredictor):
    """Maps in row-major order, which torchvision's loss assumes and channels-last training does not give."""

    def forward(self, x: Float[Tensor, "R C 14 14"]) -> Float[Tensor, "R K 56 56"]:
        """Return the keypoint maps of regions."""
        maps: Tensor = super().forward(x)
        return maps.contiguous()


def _torchvisions(problem: Problem, settings: KeypointRcnnSettings) -> KeypointRCNN:
    """Make torchvision's network with the sizes in the settings; the published sizes give the published network."""
    norm = nn.BatchNorm2d if settings.pretrained == "none" else FrozenBatchNorm2d
    body = torchvision.models.get_model(f"resnet{settings.resnet}", weights=None, norm_layer=norm)
    channels = [body.inplanes // 8 * 2**stage for stage in range(4)]
    stages = {f"layer{stage + 1}": str(stage) for stage in range(4)}
    longest = max(problem.input.width, problem.input.height)
    width, maps = settings.width, settings.keypoint_width
    network = KeypointRCNN(
        BackboneWithFPN(body, stages, channels, width),
        rpn_anchor_generator=AnchorGenerator(tuple((longest / 2**n,) for n in (4, 3, 2, 1, 0)), ((0.5, 1.0, 2.0),) * 5),
        box_head=TwoMLPHead(width * _BOX_CELLS**2, settings.hidden),
        box_predictor=FastRCNNPredictor(settings.hidden, 2),
        keypoint_head=KeypointRCNNHeads(width, (maps,) * settings.keypoint_layers),
        keypoint_predictor=_Maps(maps, len(problem.keypoints)),
    )
    if settings.pretrained == "coco":
        for module in network.modules():
            if isinstance(module, FrozenBatchNorm2d):
                module.eps = 0.0  # as in the training of these weights
    return network


def _inside(boxes: Float[Tensor, "N P 4"], problem: Problem) -> Float[Tensor, "N P 4"]:
    """Clip boxes to the image and make them at least a pixel wide and high."""
    clipped = clip_boxes_to_image(boxes, (problem.input.height, problem.input.width))
    corner = torch.minimum(clipped[..., :2], boxes.new_tensor([problem.input.width - 1, problem.input.height - 1]))
    return torch.cat([corner, torch.maximum(clipped[..., 2:], corner + 1)], dim=-1)
