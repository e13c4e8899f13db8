"""Prediction of many images in batches."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8

from pipeline.models.network import Network


class ArrayPredictions(NamedTuple):
    """`Predictions` as numpy arrays; `None` where the network has no such head.

    Attributes:
        keypoints: (N, K, 2) float32 as (x, y) in input pixels.
        confidence: (N, K) float32, the probability that the keypoint is visible.
        boxes: (N, 4) float32 as x, y, width, height in input pixels.
        probabilities: (N, C) float32, the probabilities of the classes.
        objects: (N, D, 7) float32 as x, y, width, height in input pixels, class, score, scale; 0 after the last object.
    """

    keypoints: Float[np.ndarray, "N K 2"] | None = None
    confidence: Float[np.ndarray, "N K"] | None = None
    boxes: Float[np.ndarray, "N 4"] | None = None
    probabilities: Float[np.ndarray, "N C"] | None = None
    objects: Float[np.ndarray, "N D 7"] | None = None


def predict_arrays(network: Network, images: UInt8[np.ndarray, "N H W C"], batch: int = 32) -> ArrayPredictions:
    """Predict all images in evaluation mode, and restore the network's mode.

    Args:
        network: Network on any device.
        images: Images of the network's input size. They may be memory-mapped: one batch is read at a time.
        batch: Number of images in a batch.
    """
    device, training = next(network.parameters()).device, network.training
    network.eval()
    try:
        with torch.inference_mode():
            parts = []
            for start in range(0, max(len(images), 1), batch):
                pixels = torch.from_numpy(np.array(images[start : start + batch]))
                predictions = network.predict(pixels.to(device))
                parts.append([None if part is None else part.cpu().numpy() for part in predictions])
    finally:
        network.train(training)
    return concatenate(ArrayPredictions(*part) for part in parts)


def concatenate(parts: Iterable[ArrayPredictions]) -> ArrayPredictions:
    """Concatenate predictions of the same network."""
    fields = zip(*parts, strict=True)
    return ArrayPredictions(*(None if arrays[0] is None else np.concatenate(arrays) for arrays in fields))
