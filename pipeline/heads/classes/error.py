"""The error of a class: right or wrong."""

import numpy as np

from pipeline.heads.error import ErrorMetric, Errors, Found, TestSet


def _errors(found: Found, tests: TestSet) -> Errors:
    """100 for a wrong answer, 0 for a right one: the mean is the error rate in percent."""
    predicted = np.array([p.probabilities for p in found.predictions], np.float64)
    broken = np.asarray(~np.isfinite(predicted).all(axis=1))
    wrong = 100.0 * (np.nan_to_num(predicted).argmax(axis=1) != tests.classes)
    return Errors(np.where(broken, np.inf, wrong), np.ones(len(wrong)), np.asarray(broken))


ERROR = ErrorMetric("error rate", "%", "error_percent", 1, _errors)
