"""Checks that a package predicts on original images what the trained network predicts on prepared ones."""

from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from heelstrike.errors import UserError
from heelstrike.heads.prediction import Prediction
from heelstrike.heads.registry import mirror_prediction
from heelstrike.package.runtime import Package
from heelstrike.preprocess.letterbox import Letterbox
from pipeline.heads import HEADS
from pipeline.heads.export import HeadExport
from pipeline.layout import Layout
from pipeline.models.inference import ArrayPredictions, predict_arrays
from pipeline.models.network import Network
from pipeline.package.export import exports_of
from pipeline.prepare.labelled import filtered_images, labelled_image

_IMAGES = 24  # spread over the test split: enough to include every video's size, few enough to take seconds
_CONFIDENCE = 1e-3


def check_parity(package: Package, network: Network, prepared: Path, layout: Layout, limit_px: float) -> float:
    """Compare package and network end to end on test images.

    The package filters and scales the collected image itself; the network gets the pixels that the prepare stage made
    of it. So the check finds differences in scaling and filters as well as in the graph.

    Args:
        package: The package just made.
        network: The network it was made from.
        prepared: A split's folder of the prepare stage.
        layout: Paths of the images and videos that its index names.
        limit_px: Largest allowed difference of a keypoint or a box, in the original image's pixels.

    Returns:
        The largest difference found, in pixels.

    Raises:
        UserError: The difference is larger; the message names the image.
    """
    index = pd.read_parquet(prepared / "index.parquet")
    rows = np.unique(np.linspace(0, len(index) - 1, min(_IMAGES, len(index))).round().astype(int))
    pixels = np.load(prepared / "images.npy", mmap_mode="r")[rows]
    letterbox = np.load(prepared / "letterbox.npy")[rows]
    reference = network.float()
    for head in exports_of(network):
        reference = head.reference(reference)
    expected = predict_arrays(reference, pixels)
    mirrored = index["mirrored"].to_numpy()[rows]
    names = index.iloc[rows][["image", "video", "frame"]].itertuples(index=False, name=None)
    images = [labelled_image(layout, *name) for name in names]
    worst = 0.0
    read = filtered_images(images, package.manifest.filters)
    for n, (image, original) in enumerate(zip(images, read, strict=True)):
        prediction = package.predict_filtered(original.filtered, bool(mirrored[n]))
        as_network_input = mirror_prediction(prediction, original.image.shape[1]) if mirrored[n] else prediction
        of_image = {name: values[n] for name, values in expected.items()}
        apart, unsure = _differences(network, as_network_input, of_image, letterbox[n])
        if not (apart <= limit_px and unsure <= _CONFIDENCE):
            raise UserError(
                f"{image.file}: ONNX and torch differ by {apart:.4f} px and {unsure:.4f} in confidence, allowed are "
                f"{limit_px:g} px (package.parity_px) and {_CONFIDENCE:g}; no package was written"
            )
        worst = max(worst, apart)
    return worst


def _differences(
    network: Network, prediction: Prediction, expected: ArrayPredictions, letterbox: Float[np.ndarray, "3"]
) -> tuple[float, float]:
    """Largest difference of coordinates, in the image's pixels, and of confidences; inf if only one has an output.

    Args:
        network: The network that was packaged.
        prediction: The package's prediction for the image, mirrored if the network's input was.
        expected: Predictions of the reference network for the prepared pixels, without the batch axis.
        letterbox: scale, pad_x, pad_y of the image.
    """
    heads = exports_of(network)
    answered = {name for name, head in HEADS.items() if HeadExport.of(head).answered(prediction)}
    if answered != set(network.heads):
        return float("inf"), float("inf")
    apart, unsure = zip(
        *(head.apart(network, prediction, expected, Letterbox(*letterbox)) for head in heads), strict=True
    )
    return float(np.max(apart)), float(np.max(unsure))  # NaN if any is, where Python's max may lose it
