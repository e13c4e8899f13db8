"""The detector's head predicts any number of instances.

Output: `objects` (N, D, 7) as x, y, width, height in input pixels, index of the class, score, and index of the scale
that predicted it; sorted by falling score, 0 beyond the last.
"""

from pipeline.heads.head import Head
from pipeline.problem import Problem


def _misfit(problem: Problem) -> str | None:
    return None if problem.multi_instance else "finds any number of instances; set `multi_instance: true` in problem"


DETECTIONS = Head(
    name="detections",
    room=__name__,
    outputs=("objects",),
    misfit=_misfit,
    card="every {categories}, with box and score",
    headlines=("ap", "ap50", "f1"),
    label="AP",
)
