"""Requirements on a problem that several heads share."""

from pipeline.problem import Problem


def one_instance(problem: Problem) -> str | None:
    """The reason why a head that predicts one instance cannot serve the problem, or `None`."""
    if problem.multi_instance:
        return "answers for one instance, but problem.multi_instance asks for all that an image shows; use `detector`"
    return None
