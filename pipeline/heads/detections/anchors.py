"""Which boxes the anchors of each scale of a detector cover, and how strongly each scale responds to an image."""

import itertools

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torchvision.ops import box_convert, box_iou

from pipeline.heads.detections.matching import SCALES
from pipeline.models.detector import Detector


def coverage(network: Detector, objects: Float[np.ndarray, "N M 5"]) -> Float[np.ndarray, "C S"]:
    """Share of each class's labelled boxes that an anchor of each scale overlaps by at least `positive_iou`.

    Args:
        network: The detector.
        objects: Labelled instances in input pixels, NaN beyond the last of an image.
    """
    rows = objects.reshape(-1, 5)
    rows = rows[np.isfinite(rows).all(axis=1)]
    corners = box_convert(torch.from_numpy(rows[:, :4]).float(), "xywh", "xyxy")
    starts = [0, *network.ends.tolist()]
    anchors = network.anchors.cpu()
    best = np.stack(
        [box_iou(corners, anchors[start:end]).amax(dim=1).numpy() for start, end in itertools.pairwise(starts)],
        axis=1,
    )
    limit = network.settings.positive_iou
    return np.stack(
        [
            (best[rows[:, 4] == category] >= limit).mean(axis=0)
            if (rows[:, 4] == category).any()
            else np.full(SCALES, np.nan)
            for category in range(network.kinds)
        ]
    )


def activations(network: Detector, pixels: np.ndarray) -> list[Float[np.ndarray, "rows columns"]]:
    """Mean over channels of the features that each scale's head reads, for one image (by forward hooks)."""
    features: list[Tensor] = []
    hooks = [
        scale[0].register_forward_hook(lambda module, inputs, output: features.append(output))  # type: ignore[index]
        for scale in network.scales
    ]
    try:
        with torch.inference_mode():
            network(torch.from_numpy(np.array(pixels)[None]).to(network.anchors.device))
    finally:
        for hook in hooks:
            hook.remove()
    return [maps[0].float().mean(dim=0).cpu().numpy() for maps in features]
