"""A toy head: how many keypoints of the image are visible. Its folder is all there is of it.

Output: `visible` (N,), a number of keypoints.
"""

from pipeline.heads.head import Head
from pipeline.problem import Problem


def _misfit(problem: Problem) -> str | None:
    return None if problem.keypoints else "counts keypoints, but problem.keypoints names none"


VISIBLE = Head(
    name="visible",
    room=__name__,
    outputs=("visible",),
    misfit=_misfit,
    card="how many keypoints are visible",
    headlines=("points_off",),
    label="points off",
)
