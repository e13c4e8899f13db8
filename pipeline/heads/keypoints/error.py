"""The error of keypoints: RMSE at the model's input size."""

import numpy as np

from pipeline.heads.error import ErrorMetric, Errors, Found, TestSet
from pipeline.scoring.metrics import image_rmse


def _errors(found: Found, tests: TestSet) -> Errors:
    """Root of the mean squared coordinate error of each instance, weighted by its labelled points."""
    predicted = np.array([p.keypoints for p in found.predictions], np.float64)
    broken = np.asarray((~np.isfinite(predicted).all(axis=2) & tests.labelled).any(axis=1))
    rmse = image_rmse(predicted, tests.keypoints, tests.labelled) * found.scales
    return Errors(np.where(broken, np.inf, rmse), tests.labelled.sum(axis=1).astype(np.float64), np.asarray(broken))


ERROR = ErrorMetric("RMSE", "px", "rmse_px", 2, _errors)
