"""A problem as the COCO category that a package carries."""

from heelstrike.package.manifest import Category
from pipeline.problem import Problem


def category_of(problem: Problem) -> Category:
    """The category of a problem."""
    number = {name: k + 1 for k, name in enumerate(problem.keypoints)}
    skeleton = tuple((number[a], number[b]) for a, b in problem.skeleton)
    return Category(name=problem.category, keypoints=problem.keypoints, classes=problem.classes, skeleton=skeleton)
