"""A row's network on the test split: the metrics of `evaluate`, and a table of images to compare rows by."""

from typing import Any

import numpy as np
import pandas as pd
import torch

from pipeline.evaluate.cases import Predicted, load_truth
from pipeline.evaluate.coco import average_precision
from pipeline.evaluate.images import per_image
from pipeline.evaluate.metrics import image_rmse
from pipeline.evaluate.summary import measure_all, summarise
from pipeline.files import Layout
from pipeline.measure.build import build_measure
from pipeline.models.inference import predict_arrays
from pipeline.models.network import KeypointNetwork
from pipeline.params import ProblemParams

Metrics = dict[str, dict[str, float]]


def judge(network: KeypointNetwork, params: ProblemParams, variant: Layout) -> tuple[Metrics, pd.DataFrame]:
    """Metrics on the test split as the evaluate stage has them, and a row per test image.

    Beside those of the stage: `keypoints.image_rmse_px` and `box.image_rmse_px`, the mean over images of each image's
    RMSE. Published tables give such a mean of roots (a published RMSE is below the root of the published MSE).

    Args:
        network: On the CPU; it is left where it was computed.
        params: The row's settings.
        variant: From `prepared`.
    """
    folder = variant.out("prepare") / "test"
    truth = load_truth(folder)
    network.to("cuda" if torch.cuda.is_available() else "cpu")
    found = predict_arrays(network, np.load(folder / "images.npy", mmap_mode="r"))
    predicted = Predicted(*(array.astype(np.float64) for array in found))
    threshold, names = params.package.confidence, params.problem.keypoints
    measure = build_measure(params.measure, names, threshold) if params.measure is not None else None
    metrics: Metrics = summarise(truth, predicted, measure, params.evaluate, threshold)
    _add(metrics, "keypoints", image_rmse_px=_mean(image_rmse(predicted.keypoints, truth.keypoints, truth.labelled)))
    _add(metrics, "box", image_rmse_px=_mean(np.sqrt(np.mean((predicted.boxes - truth.boxes) ** 2, axis=1))))
    precision = average_precision(
        variant.out("split") / "test.json",
        truth.index["image"].astype(str).tolist(),
        truth.points_in_original(predicted.keypoints),
        truth.boxes_in_original(predicted.boxes),
        predicted.confidence.mean(axis=1),
        params.problem.sigma_list,
    )
    _add(metrics, "box", **precision["box"])
    _add(metrics, "keypoints", **{f"oks_{name}": value for name, value in precision["keypoints"].items()})
    measurements = measure_all(predicted, measure) if measure is not None else []
    return metrics, per_image(truth, predicted, measure, measurements, names)


def _add(metrics: Metrics, group: str, **values: float) -> None:
    metrics.setdefault(group, {}).update(values)


def _mean(values: Any) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
