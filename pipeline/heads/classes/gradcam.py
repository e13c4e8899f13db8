"""Grad-CAM: which parts of an image support a class (Selvaraju et al. 2017, arXiv:1610.02391)."""

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from pipeline.models.network import Network


def gradcam(network: Network, pixels: UInt8[np.ndarray, "H W C"], category: int) -> Float[np.ndarray, "H W"]:
    """How strongly each pixel of an image supports a class, in [0, 1].

    Args:
        network: A network with a `backbone` and a class head.
        pixels: The image at the network's input size.
        category: Index of the class.
    """
    features: list[Tensor] = []
    device = next(network.parameters()).device
    hook = network.backbone.register_forward_hook(lambda module, inputs, output: features.append(output))  # type: ignore[union-attr]
    try:
        with torch.enable_grad():
            raw = network(torch.from_numpy(pixels[None]).to(device))
            (gradient,) = torch.autograd.grad(raw["class"][0, category], features[0])
    finally:
        hook.remove()
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    heat = torch.relu((weights * features[0]).sum(dim=1))[0].detach().float().cpu().numpy()
    height, width = pixels.shape[:2]
    scaled = cv2.resize(heat, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(scaled / max(float(scaled.max()), 1e-9))
