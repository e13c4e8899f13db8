"""A network over many images, in batches."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8

from pipeline.models.network import Network


class ArrayPredictions(NamedTuple):
    """`Predictions` as numpy arrays; nothing where the network has no such head.

    Attributes:
        keypoints: (N, K, 2) float32 as (x, y) in input pixels.
        confidence: (N, K) float32, the probability that the keypoint is visible.
        boxes: (N, 4) float32 as x, y, width, height in input pixels.
        probabilities: (N, C) float32 of the classes.
        objects: (N, D, 7) float32 as x, y, width, height in input pixels, class, score, scale; score 0 beyond the last.
    """

    keypoints: Float[np.ndarray, "N K 2"] | None = None
    confidence: Float[np.ndarray, "N K"] | None = None
    boxes: Float[np.ndarray, "N 4"] | None = None
    probabilities: Float[np.ndarray, "N C"] | None = None
    objects: Float[np.ndarray, "N D 7"] | None = None


def predict_arrays(network: Network, images: UInt8[np.ndarray, "N H W C"], batch: int = 32) -> ArrayPredictions:
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
                found = network.predict(pixels.to(device))
                parts.append([None if part is None else part.cpu().numpy() for part in found])
    finally:
        network.train(training)
    return concatenate(ArrayPredictions(*part) for part in parts)


def concatenate(parts: Iterable[ArrayPredictions]) -> ArrayPredictions:
    """Predictions of the same network, one after the other."""
    fields = zip(*parts, strict=True)
    return ArrayPredictions(*(None if arrays[0] is None else np.concatenate(arrays) for arrays in fields))
