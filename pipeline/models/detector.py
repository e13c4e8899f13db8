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

CANDIDATES = 300  # pairs of anchor and class that go into suppression


class Candidates(NamedTuple):
    """What suppression chooses from, the surest first.

    Attributes:
        boxes: (N, T, 4) corners in input pixels, within the image.
        apart: (N, T, 4) the same, moved so that boxes of different classes never overlap.
        scores: (N, T).
        classes: (N, T).
        anchors: (N, T) number of the anchor that each came from.
    """

    boxes: Float[Tensor, "N T 4"]
    apart: Float[Tensor, "N T 4"]
    scores: Float[Tensor, "N T"]
    classes: Int[Tensor, "N T"]
    anchors: Int[Tensor, "N T"]


class Detector(Network):
    """Each cell of three maps says for each of its anchors: is something there, what, and where exactly.

    Raw outputs, A anchors over all scales: `objectness` (N, A) and `kind` (N, A, C), logits; `offsets` (N, A, 4).
    """

    settings: DetectorSettings
    anchors: Float[Tensor, "A 4"]
    ends: Int[Tensor, "3"]  # number of anchors up to and with each scale

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
        """What speaks for a scale's anchors.

        Most of them are background: begin by saying so, else the first updates teach nothing else (RetinaNet).
        """
        last = nn.Conv2d(width, sides * (5 + self.kinds), 1)
        assert last.bias is not None
        nn.init.normal_(last.weight, std=0.01)
        nn.init.zeros_(last.bias)
        with torch.no_grad():
            last.bias.view(-1, 5 + self.kinds)[:, 0] = -4.0
        return last

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """See `Network.forward`."""
        x, said = normalised(pixels, self.multiple), []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number > 0:
                found = self.scales[number - 1](x)
                said.append(found.permute(0, 2, 3, 1).reshape(len(x), -1, 5 + self.kinds))
        every = torch.cat(said, dim=1).float()
        return {"objectness": every[..., 0], "offsets": every[..., 1:5], "kind": every[..., 5:]}

    def candidates(self, raw: dict[str, Tensor]) -> Candidates:
        """The surest pairs of anchor and class."""
        sure = torch.sigmoid(raw["objectness"])[..., None] * torch.softmax(raw["kind"], dim=-1)
        scores, pair = sure.flatten(1).topk(min(CANDIDATES, sure[0].numel()), dim=1)
        anchor, kind = torch.div(pair, self.kinds, rounding_mode="floor"), pair % self.kinds
        offsets = raw["offsets"].gather(1, anchor[..., None].expand(-1, -1, 4))
        size = self.problem.input
        limit = offsets.new_tensor([size.width, size.height]).repeat(2) - 0.5
        boxes = boxes_of(self.anchors[anchor], offsets).clamp_min(-0.5).minimum(limit)
        far = 2.0 * (size.width + size.height)
        return Candidates(boxes, boxes + far * kind[..., None], scores, kind, anchor)

    def read_out(self, raw: dict[str, Tensor]) -> Predictions:
        """Objects of each image: candidates that are sure enough and that no surer one of their class covers."""
        found = self.candidates(raw)
        rows = []
        for number in range(len(found.scores)):
            kept = self.keep(found, number)
            corners = found.boxes[number, kept]
            scales = torch.bucketize(found.anchors[number, kept], self.ends, right=True)
            numbers = torch.stack([found.classes[number, kept], found.scores[number, kept], scales], dim=1)
            row = torch.cat([corners[:, :2], corners[:, 2:] - corners[:, :2], numbers], dim=1)
            rows.append(functional.pad(row, (0, 0, 0, self.most - len(row))))
        return {"objects": torch.stack(rows) if rows else found.boxes.new_zeros(0, self.most, 7)}

    def keep(self, found: Candidates, number: int) -> Int[Tensor, " D"]:
        """Which candidates of one image are answers, the surest first."""
        sure = torch.nonzero(found.scores[number] > self.score)[:, 0]
        return sure[nms(found.apart[number, sure], found.scores[number, sure], self.nms_iou)][: self.most]
