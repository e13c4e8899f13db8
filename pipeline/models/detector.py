"""A multi-scale single-shot detector (after Liu et al. 2016, "SSD: Single Shot MultiBox Detector")."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import nms

from pipeline.models.anchors import boxes_of, make_anchors
from pipeline.models.blocks import ConvBlock, ResidualBlock, normalised
from pipeline.models.network import Network, Predictions
from pipeline.models.settings import DetectorSettings
from pipeline.problem import Problem

CANDIDATES = 300  # number of (anchor, class) pairs that go into non-maximum suppression


class Candidates(NamedTuple):
    """Input of non-maximum suppression, highest score first.

    Attributes:
        boxes: (N, T, 4) corners in input pixels, within the image.
        apart: (N, T, 4) the boxes, shifted so that those of different classes never overlap.
        scores: (N, T) scores.
        classes: (N, T) indices of classes.
        anchors: (N, T) indices of the anchors that the candidates came from.
    """

    boxes: Float[Tensor, "N T 4"]
    apart: Float[Tensor, "N T 4"]
    scores: Float[Tensor, "N T"]
    classes: Int[Tensor, "N T"]
    anchors: Int[Tensor, "N T"]


class Detector(Network):
    """Each cell of three maps predicts objectness, class and box offsets for each of its anchors.

    Raw outputs, for A anchors over all scales: `objectness` (N, A) and `kind` (N, A, C), logits of objectness and of
    classes; `offsets` (N, A, 4).
    """

    settings: DetectorSettings
    anchors: Float[Tensor, "A 4"]
    ends: Int[Tensor, "3"]  # cumulative number of anchors up to each scale

    def __init__(self, problem: Problem, settings: DetectorSettings) -> None:
        super().__init__(problem, settings)
        size, channels = problem.input, settings.channels
        self.multiple, self.kinds = settings.strides[-1], len(problem.kinds)
        self.score, self.nms_iou, self.most = settings.score, settings.nms_iou, settings.most
        self.blocks = nn.ModuleList(
            nn.Sequential(ConvBlock(before, after, stride=2), *[ResidualBlock(after) for _ in range(depth)])
            for before, after, depth in zip((size.channels, *channels), channels, settings.depth, strict=False)
        )
        self.scales = nn.ModuleList(
            nn.Sequential(ConvBlock(width, width), self._last(width, len(sides)))
            for width, sides in zip(channels[1:], settings.anchors, strict=True)
        )
        rows, columns = (-(-side // self.multiple) * self.multiple for side in (size.height, size.width))
        grids = [
            make_anchors(rows // stride, columns // stride, stride, sides)
            for stride, sides in zip(settings.strides, settings.anchors, strict=True)
        ]
        self.register_buffer("anchors", torch.cat(grids), persistent=False)
        self.register_buffer("ends", torch.tensor([len(grid) for grid in grids]).cumsum(0), persistent=False)
        self.heads = {"detections": [self.scales]}

    def _last(self, width: int, sides: int) -> nn.Conv2d:
        """Make the output layer of a scale.

        Most anchors are background. The biases start there, otherwise the first updates would teach nothing else
        (RetinaNet).
        """
        last = nn.Conv2d(width, sides * (5 + self.kinds), 1)
        assert last.bias is not None
        nn.init.normal_(last.weight, std=0.01)
        nn.init.zeros_(last.bias)
        with torch.no_grad():
            last.bias.view(-1, 5 + self.kinds)[:, 0] = -4.0
        return last

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Return objectness, offsets and class logits of all anchors."""
        x, outputs = normalised(pixels, self.multiple), []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number > 0:
                output = self.scales[number - 1](x)
                outputs.append(output.permute(0, 2, 3, 1).reshape(len(x), -1, 5 + self.kinds))
        joined = torch.cat(outputs, dim=1).float()
        return {"objectness": joined[..., 0], "offsets": joined[..., 1:5], "kind": joined[..., 5:]}

    def candidates(self, raw: dict[str, Tensor]) -> Candidates:
        """Return the (anchor, class) pairs with the highest scores."""
        score = torch.sigmoid(raw["objectness"])[..., None] * torch.softmax(raw["kind"], dim=-1)
        scores, pair = score.flatten(1).topk(min(CANDIDATES, score[0].numel()), dim=1)
        anchor, category = torch.div(pair, self.kinds, rounding_mode="floor"), pair % self.kinds
        offsets = raw["offsets"].gather(1, anchor[..., None].expand(-1, -1, 4))
        size = self.problem.input
        limit = offsets.new_tensor([size.width, size.height]).repeat(2) - 0.5
        boxes = boxes_of(self.anchors[anchor], offsets).clamp_min(-0.5).minimum(limit)
        far = 2.0 * (size.width + size.height)
        return Candidates(boxes, boxes + far * category[..., None], scores, category, anchor)

    def read_out(self, raw: dict[str, Tensor]) -> Predictions:
        """Return the objects of each image: candidates above the score threshold, after suppression by class."""
        candidates = self.candidates(raw)
        rows = []
        for number in range(len(candidates.scores)):
            chosen = self.keep(candidates, number)
            corners = candidates.boxes[number, chosen]
            scales = torch.bucketize(candidates.anchors[number, chosen], self.ends, right=True)
            classes, scores = candidates.classes[number, chosen], candidates.scores[number, chosen]
            numbers = torch.stack([classes, scores, scales], dim=1)
            row = torch.cat([corners[:, :2], corners[:, 2:] - corners[:, :2], numbers], dim=1)
            rows.append(functional.pad(row, (0, 0, 0, self.most - len(row))))
        return {"objects": torch.stack(rows) if rows else candidates.boxes.new_zeros(0, self.most, 7)}

    def keep(self, candidates: Candidates, number: int) -> Int[Tensor, " D"]:
        """Return the indices of the candidates of image `number` that are objects, highest score first."""
        above = torch.nonzero(candidates.scores[number] > self.score)[:, 0]
        apart, scores = candidates.apart[number, above], candidates.scores[number, above]
        return above[nms(apart, scores, self.nms_iou)][: self.most]
