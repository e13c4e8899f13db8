"""Runs a package on every original image of the test split, as a consumer would, and scores it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from heelstrike.errors import UserError
from heelstrike.heads.prediction import Prediction
from heelstrike.package.runtime import Package
from heelstrike.progress import progress
from pipeline.evaluate.judged_split import JudgedSplit
from pipeline.evaluate.packaged import Packaged, answered, metrics_of, predicted
from pipeline.heads.error import CaseErrors, ErrorMetric
from pipeline.params import ProblemParams
from pipeline.problem import Problem
from pipeline.scoring.case_table import Cases
from pipeline.scoring.score import Score

_ADVICE = "; other keypoints or classes than the champion's need a problem of their own in params.yaml"


@dataclass(frozen=True)
class Examination:
    """The results of a package on a test set.

    Attributes:
        metric: The error metric of the package's first head.
        cases: The cases that are scored: evaluate's table if it is of this package, otherwise `run`.
        run: The test set's cases with the package's own predictions.
        latency_ms: Median time of one image, on this machine's CPU.
    """

    metric: ErrorMetric
    cases: Cases
    run: Cases
    latency_ms: float

    @cached_property
    def errors(self) -> CaseErrors:
        """The error of each case."""
        return self.metric.errors(self.cases)

    @property
    def score(self) -> Score:
        """The error over all cases."""
        return self.metric.score_of(self.errors)

    @property
    def difference(self) -> float:
        """Absolute difference between `score` and the score of the package's own predictions."""
        own = self.metric.score(self.run).value
        return 0.0 if own == self.score.value else abs(own - self.score.value)


def examine(
    package: Package, tests: JudgedSplit, params: ProblemParams, label: str, evaluated: Cases | None = None
) -> Examination:
    """Run a package over the test set.

    Args:
        package: The package.
        tests: The test set.
        params: The problem.
        label: Text of the progress bar.
        evaluated: Evaluate's cases of the network in the package; `None` if not known.

    Raises:
        UserError: An image is missing, the package has other keypoints or classes than the problem, or `evaluated` has
            other images than the test set.
    """
    results = list[Packaged]()
    with progress(f"judge {label}", len(tests.images)) as bar:
        for result in predicted(package, tests, params.problem.input):
            results.append(result)
            bar.advance()
    first = results[0].prediction
    _refuse_other_problems(package, first, params.problem)
    metrics = metrics_of(first)
    if not metrics:
        raise UserError(f"{package.folder}: its graph has the outputs of no known head, so it cannot be scored")
    if evaluated is not None and not np.array_equal(evaluated.images, tests.cases.images):
        raise UserError(
            "the cases of the evaluate stage are of other images than the test split, or in another order; run the "
            "prepare and evaluate stages again"
        )
    run = answered(tests, results)
    latency = float(np.median([result.seconds for result in results]) * 1000)
    return Examination(metrics[0], run if evaluated is None else evaluated, run, latency)


def _refuse_other_problems(package: Package, prediction: Prediction, problem: Problem) -> None:
    points = problem.keypoints if prediction.keypoints is None else prediction.keypoints
    if len(points) != len(problem.keypoints):
        raise UserError(
            f"{package.folder}: predicts {len(points)} keypoints, the problem has {len(problem.keypoints)}{_ADVICE}"
        )
    if package.manifest.category.classes != problem.classes:
        raise UserError(
            f"{package.folder}: has the classes {list(package.manifest.category.classes)}, the problem "
            f"{list(problem.classes)}{_ADVICE}"
        )
