"""The keypoint head, and the evaluation of measurements on its keypoints.

Outputs: `keypoints` (N, K, 2) as (x, y) in input pixels; `confidence` (N, K), the probability that each is visible.
"""

from pipeline.heads.head import Head
from pipeline.heads.needs import one_instance
from pipeline.problem import Problem


def _misfit(problem: Problem) -> str | None:
    return one_instance(problem) or (None if problem.keypoints else "finds keypoints, but problem.keypoints names none")


KEYPOINTS = Head(
    name="keypoints",
    room=__name__,
    outputs=("keypoints", "confidence"),
    misfit=_misfit,
    card="{points} with a confidence for each",
    headlines=("rmse_px", "mean_distance_px", "median_deg", "p95_deg", "oks_ap", "measured_share"),
    label="px",
    keypoints=True,
)
