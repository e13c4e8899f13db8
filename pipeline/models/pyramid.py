"""Regions of a feature pyramid, pooled at fixed shapes, so that the graph can be exported."""

import torch
from jaxtyping import Float
from torch import Tensor
from torchvision.ops import roi_align

_LEVEL, _SIDE = 4, 224  # a region of this side is looked up at the pyramid's level of stride 2**4 (Lin et al. 2017)


def pool_regions(
    pyramid: list[Float[Tensor, "N C rows columns"]], boxes: Float[Tensor, "N P 4"], cells: int
) -> Float[Tensor, "NP C cells cells"]:
    """What torchvision's `MultiScaleRoIAlign` gives (two samples a cell): each region at the level of its size.

    torchvision gathers the regions of each level, whose number depends on the image, and ONNX graphs of that differ
    from torch or do not export. Here every region is pooled at every level and the right one taken: several times the
    pooling, which costs little beside the heads.

    Args:
        pyramid: Maps of stride 4, 8, 16, 32.
        boxes: Corners x1, y1, x2, y2 of P regions in each image, pixels from its upper left edge.
        cells: Side of the result.
    """
    count, regions = boxes.shape[:2]
    image = torch.arange(count, device=boxes.device).repeat_interleave(regions)
    rois = torch.cat([image.to(boxes)[:, None], boxes.flatten(0, 1)], dim=1)
    side = torch.sqrt((rois[:, 3] - rois[:, 1]) * (rois[:, 4] - rois[:, 2]))
    level = torch.floor(_LEVEL + torch.log2(side / _SIDE) + 1e-6).clamp(2, 1 + len(pyramid))
    pooled = torch.zeros((), device=boxes.device)
    for number, features in enumerate(pyramid, start=2):
        here = roi_align(features, rois, (cells, cells), 1 / 2**number, 2)
        pooled = pooled + here * (level == number)[:, None, None, None]
    return pooled
