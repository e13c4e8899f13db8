"""Pooling of regions of a feature pyramid with fixed shapes, so that the graph can be exported."""

import torch
from jaxtyping import Float
from torch import Tensor
from torchvision.ops import roi_align

_LEVEL, _SIDE = 4, 224  # a region of this side is pooled from the pyramid's level of stride 2**4 (Lin et al. 2017)


def pool_regions(
    pyramid: list[Float[Tensor, "N C rows columns"]], boxes: Float[Tensor, "N P 4"], cells: int
) -> Float[Tensor, "NP C cells cells"]:
    """Pool each region at the level of its size, as torchvision's `MultiScaleRoIAlign` does (two samples a cell).

    torchvision gathers the regions of each level. Their number depends on the image, and ONNX graphs of this differ
    from torch or cannot be exported. Here every region is pooled at every level and the right level is selected. This
    is several times the pooling, which takes little time compared with the heads.

    Args:
        pyramid: Maps of stride 4, 8, 16, 32.
        boxes: Corners x1, y1, x2, y2 of P regions in each image, pixels from its upper left edge.
        cells: Side of the pooled regions, in cells.
    """
    count, regions = boxes.shape[:2]
    image = torch.arange(count, device=boxes.device).repeat_interleave(regions)
    rois = torch.cat([image.to(boxes)[:, None], boxes.flatten(0, 1)], dim=1)
    side = torch.sqrt((rois[:, 3] - rois[:, 1]) * (rois[:, 4] - rois[:, 2]))
    level = torch.floor(_LEVEL + torch.log2(side / _SIDE) + 1e-6).clamp(2, 1 + len(pyramid))
    pooled = torch.zeros((), device=boxes.device)
    for number, features in enumerate(pyramid, start=2):
        at_level = roi_align(features, rois, (cells, cells), 1 / 2**number, 2)
        pooled = pooled + at_level * (level == number)[:, None, None, None]
    return pooled
