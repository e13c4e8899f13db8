"""The class head predicts the class of the one instance.

Output: `probabilities` (N, C) of the classes.
"""

from pipeline.heads.head import Head
from pipeline.heads.needs import one_instance
from pipeline.problem import Problem


def _misfit(problem: Problem) -> str | None:
    return one_instance(problem) or (None if problem.classes else "tells classes apart, but problem.classes names none")


CLASS = Head(
    name="class",
    room=__name__,
    outputs=("probabilities",),
    misfit=_misfit,
    card="which of {categories} it is, with a probability for each",
    headlines=("accuracy", "macro_f1", "f1"),
    label="accuracy",
)
