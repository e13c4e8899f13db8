"""Where a classifier looked: Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391)."""

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from pipeline.models.network import Network


def gradcam(network: Network, pixels: UInt8[np.ndarray, "H W C"], kind: int) -> Float[np.ndarray, "H W"]:
    """How much each place of an image speaks for a class, 0 to 1.

    Args:
        network: Has a `backbone` and a class head.
        pixels: The image at the network's input size.
        kind: Number of the class.
    """
    kept: list[Tensor] = []
    device = next(network.parameters()).device
    hook = network.backbone.register_forward_hook(lambda module, inputs, output: kept.append(output))  # type: ignore[union-attr]
    try:
        with torch.enable_grad():
            raw = network(torch.from_numpy(pixels[None]).to(device))
            (slope,) = torch.autograd.grad(raw["class"][0, kind], kept[0])
    finally:
        hook.remove()
    weights = slope.mean(dim=(2, 3), keepdim=True)
    heat = torch.relu((weights * kept[0]).sum(dim=1))[0].detach().float().cpu().numpy()
    height, width = pixels.shape[:2]
    scaled = cv2.resize(heat, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(scaled / max(float(scaled.max()), 1e-9))
