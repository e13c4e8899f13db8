"""Anchors: where they lie, which of them is to find what, and boxes as offsets from them.

Boxes here are corners, x1, y1, x2, y2, in input pixels; the left edge of the image is at -0.5.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torchvision.ops import box_convert, box_iou

BACKGROUND, NO_SAY = -1, -2
_SPREAD = (0.1, 0.1, 0.2, 0.2)  # of offsets (Liu et al. 2016, "SSD"), so that the network's outputs are about 1
_LARGEST = 4.0  # logarithm of a box's side by its anchor's: what is beyond is an overflow, not an answer


def make_anchors(rows: int, columns: int, stride: int, sides: tuple[float, ...]) -> Float[Tensor, "A 4"]:
    """Square anchors at the centre of every cell of a map, row by row, at each cell in the order of `sides`."""
    y, x = (stride * (torch.arange(n, dtype=torch.float32) + 0.5) - 0.5 for n in (rows, columns))
    centres = torch.stack([x.expand(rows, -1), y[:, None].expand(-1, columns)], dim=-1)[:, :, None]
    half = torch.tensor(sides)[:, None] / 2
    return torch.cat([centres - half, centres + half], dim=-1).reshape(-1, 4)


def match(
    anchors: Float[Tensor, "A 4"], boxes: Float[Tensor, "M 4"], positive: float, negative: float
) -> Int[Tensor, " A"]:
    """Number of the box that each anchor is to find, `BACKGROUND`, or `NO_SAY`.

    An anchor takes the box it overlaps most if their IoU is at least `positive`, and is background below `negative`.
    Each box is given to the anchor that overlaps it most, however little, so that none is without.
    """
    if not len(boxes):
        return torch.full((len(anchors),), BACKGROUND, device=anchors.device)
    overlap = box_iou(anchors, boxes)
    best, which = overlap.max(dim=1)
    found = torch.where(best >= positive, which, torch.where(best < negative, BACKGROUND, NO_SAY))
    found[overlap.argmax(dim=0)] = torch.arange(len(boxes), device=anchors.device)
    return found


def offsets_of(anchors: Float[Tensor, "*A 4"], boxes: Float[Tensor, "*A 4"]) -> Float[Tensor, "*A 4"]:
    """What the network is to say for an anchor that is to find a box: shift by the anchor's side, log of the sides."""
    a, b = (box_convert(part, "xyxy", "cxcywh") for part in (anchors, boxes))
    shift = (b[..., :2] - a[..., :2]) / a[..., 2:]
    scale = torch.log(b[..., 2:].clamp_min(1e-3) / a[..., 2:])
    return torch.cat([shift, scale], dim=-1) / anchors.new_tensor(_SPREAD)


def boxes_of(anchors: Float[Tensor, "*A 4"], offsets: Float[Tensor, "*A 4"]) -> Float[Tensor, "*A 4"]:
    """The inverse of `offsets_of`."""
    shift, scale = (offsets * anchors.new_tensor(_SPREAD)).split(2, dim=-1)
    sides = anchors[..., 2:] - anchors[..., :2]
    centre = (anchors[..., :2] + anchors[..., 2:]) / 2 + shift * sides
    half = sides * torch.exp(scale.clamp_max(_LARGEST)) / 2
    return torch.cat([centre - half, centre + half], dim=-1)
