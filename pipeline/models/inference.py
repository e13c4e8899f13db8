"""Prediction of many images in batches."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import UInt8

from pipeline.models.network import Network

ArrayPredictions = dict[str, np.ndarray]
"""`Predictions` as arrays: the same names and shapes."""


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
                parts.append({name: part.cpu().numpy() for name, part in predictions.items()})
    finally:
        network.train(training)
    return concatenate(parts)


def concatenate(parts: Sequence[ArrayPredictions]) -> ArrayPredictions:
    """Concatenate predictions of the same network."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
