"""Whether the package says on the original images what the trained network says on the prepared ones."""

from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from pipeline.errors import UserError
from pipeline.models.inference import ArrayPredictions, predict_arrays
from pipeline.models.network import KeypointNetwork
from pipeline.package.runtime import Package, Prediction
from pipeline.prepare.images import read_image
from pipeline.prepare.letterbox import Letterbox

_IMAGES = 24  # spread over the test split: enough to meet every video's size, few enough for a stage of seconds
_CONFIDENCE = 1e-3


def check_parity(package: Package, network: KeypointNetwork, prepared: Path, images: Path, limit_px: float) -> float:
    """Compare package and network end to end on test images.

    The package gets the image as it was collected, filters and scales it itself; the network gets the pixels that the
    prepare stage made of it. So a difference in scaling or filters is found as surely as one in the graph.

    Args:
        package: The package just made.
        network: The network it was made from.
        prepared: A split's folder of the prepare stage.
        images: Folder that its index's image names are relative to.
        limit_px: Largest difference of a keypoint or a box, in the original image's pixels.

    Returns:
        The largest difference found, in pixels.

    Raises:
        UserError: The difference is larger; names the image.
    """
    index = pd.read_parquet(prepared / "index.parquet")
    rows = np.unique(np.linspace(0, len(index) - 1, min(_IMAGES, len(index))).round().astype(int))
    pixels = np.load(prepared / "images.npy", mmap_mode="r")[rows]
    letterbox = np.load(prepared / "letterbox.npy")[rows]
    expected = predict_arrays(network.float(), pixels)
    worst = 0.0
    for n, row in enumerate(rows):
        name = str(index["image"].iloc[row])
        found = package.predict(read_image(images / name))
        apart, unsure = _differences(
            found, ArrayPredictions(*(p if p is None else p[n] for p in expected)), letterbox[n]
        )
        if not (apart <= limit_px and unsure <= _CONFIDENCE):
            raise UserError(
                f"{name}: ONNX and torch differ by {apart:.4f} px and {unsure:.4f} in confidence, allowed are "
                f"{limit_px:g} px (package.parity_px) and {_CONFIDENCE:g}; no package was written"
            )
        worst = max(worst, apart)
    return worst


def _differences(
    found: Prediction, expected: ArrayPredictions, letterbox: Float[np.ndarray, "3"]
) -> tuple[float, float]:
    """Largest difference of coordinates, in the image's pixels, and of confidences; inf where only one has an output.

    Args:
        found: What the package says of the image.
        expected: What the network says of its prepared pixels, without the axis of images.
        letterbox: scale, pad_x, pad_y of the image.
    """
    back = Letterbox(*letterbox)
    points = None if expected.keypoints is None else back.backward(expected.keypoints)
    box = None if expected.boxes is None else back.backward_boxes(expected.boxes)
    apart = max(_largest(found.keypoints, points), _largest(found.box, box))
    return apart, _largest(found.confidence, expected.confidence)


def _largest(one: np.ndarray | None, two: np.ndarray | None) -> float:
    if one is None or two is None:
        return 0.0 if one is two else float("inf")
    return float(np.abs(one - two).max())
