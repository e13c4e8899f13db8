"""Anchors: their positions, their assignment to boxes, and boxes as offsets from them.

Boxes in this file are corners x1, y1, x2, y2 in input pixels. The left edge of the image is at -0.5.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torchvision.ops import box_convert, box_iou

BACKGROUND, IGNORE = -1, -2
_SPREAD = (0.1, 0.1, 0.2, 0.2)  # scale of offsets (Liu et al. 2016, "SSD"), so that the network's outputs are about 1
_LARGEST = 4.0  # largest logarithm of a box's side relative to its anchor's; it keeps exp() from overflowing


def make_anchors(rows: int, columns: int, stride: int, sides: tuple[float, ...]) -> Float[Tensor, "A 4"]:
    """Make square anchors at the centres of a map's cells, row by row, and for each cell in the order of `sides`."""
    y, x = (stride * (torch.arange(n, dtype=torch.float32) + 0.5) - 0.5 for n in (rows, columns))
    centres = torch.stack([x.expand(rows, -1), y[:, None].expand(-1, columns)], dim=-1)[:, :, None]
    half = torch.tensor(sides)[:, None] / 2
    return torch.cat([centres - half, centres + half], dim=-1).reshape(-1, 4)


def match(
    anchors: Float[Tensor, "A 4"], boxes: Float[Tensor, "M 4"], positive: float, negative: float
) -> Int[Tensor, " A"]:
    """Return the index of the box assigned to each anchor, `BACKGROUND`, or `IGNORE`.

    An anchor is assigned the box with the highest IoU if that is at least `positive`. It is background if the highest
    IoU is below `negative`, and ignored in between. Each box is also assigned to the anchor that overlaps it most,
    however little, so that every box has an anchor.
    """
    if not len(boxes):
        return torch.full((len(anchors),), BACKGROUND, device=anchors.device)
    overlap = box_iou(anchors, boxes)
    best, index = overlap.max(dim=1)
    assigned = torch.where(best >= positive, index, torch.where(best < negative, BACKGROUND, IGNORE))
    assigned[overlap.argmax(dim=0)] = torch.arange(len(boxes), device=anchors.device)
    return assigned


def offsets_of(anchors: Float[Tensor, "*A 4"], boxes: Float[Tensor, "*A 4"]) -> Float[Tensor, "*A 4"]:
    """Return the targets for anchors and their boxes: shift by the anchor's side, log of the ratio of sides."""
    a, b = (box_convert(part, "xyxy", "cxcywh") for part in (anchors, boxes))
    shift = (b[..., :2] - a[..., :2]) / a[..., 2:]
    scale = torch.log(b[..., 2:].clamp_min(1e-3) / a[..., 2:])
    return torch.cat([shift, scale], dim=-1) / anchors.new_tensor(_SPREAD)


def boxes_of(anchors: Float[Tensor, "*A 4"], offsets: Float[Tensor, "*A 4"]) -> Float[Tensor, "*A 4"]:
    """Return the boxes that anchors and offsets describe (the inverse of `offsets_of`)."""
    shift, scale = (offsets * anchors.new_tensor(_SPREAD)).split(2, dim=-1)
    sides = anchors[..., 2:] - anchors[..., :2]
    centre = (anchors[..., :2] + anchors[..., 2:]) / 2 + shift * sides
    half = sides * torch.exp(scale.clamp_max(_LARGEST)) / 2
    return torch.cat([centre - half, centre + half], dim=-1)
