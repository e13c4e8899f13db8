"""A network over many images, in batches."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8

from pipeline.models.network import KeypointNetwork


class ArrayPredictions(NamedTuple):
    """`Predictions` as numpy arrays.

    Attributes:
        keypoints: (N, K, 2) float32 as (x, y) in input pixels.
        confidence: (N, K) float32, the probability that the keypoint is visible.
        boxes: (N, 4) float32 as x, y, width, height in input pixels.
    """

    keypoints: Float[np.ndarray, "N K 2"]
    confidence: Float[np.ndarray, "N K"]
    boxes: Float[np.ndarray, "N 4"]


def predict_arrays(network: KeypointNetwork, images: UInt8[np.ndarray, "N H W C"], batch: int = 32) -> ArrayPredictions:
    """Predictions for every image, in evaluation mode; the network's own mode is left as it was.

    Args:
        network: On any device.
        images: At the network's input size; may be memory-mapped, one batch is read at a time.
        batch: Images at once.
    """
    device, training = next(network.parameters()).device, network.training
    network.eval()
    try:
        with torch.inference_mode():
            parts = []
            for start in range(0, max(len(images), 1), batch):
                pixels = torch.from_numpy(np.array(images[start : start + batch]))
                parts.append([part.cpu().numpy() for part in network.predict(pixels.to(device))])
    finally:
        network.train(training)
    return ArrayPredictions(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
