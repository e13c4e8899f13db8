"""What a network would score that answers every image with the mean of the training labels.

A network that has learned nothing from the pixels is at most this good, so the ratio of both errors says how far a
training has come, whatever the input size and the data.
"""

import numpy as np
from jaxtyping import Float

from pipeline.evaluate.judge import Judged
from pipeline.heads.arrays import Arrays
from pipeline.heads.evaluation import Answers, scores_of
from pipeline.params import ProblemParams
from pipeline.scoring.score import Groups


def judge_mean_label(train: Arrays, judged: Judged, params: ProblemParams) -> Groups:
    """Return what published tables show (`Scores.published`) of the mean label as the answer for every test image.

    Args:
        train: The images that the row was trained on.
        judged: The evaluation of the row's network on the test split, for the truth and the outputs of its heads.
        params: The row's settings.
    """
    means = {"keypoints": _mean(train.keypoints), "boxes": _mean(train.boxes)}
    answers = {
        name: np.broadcast_to(means[name], values.shape) if name in means else values
        for name, values in judged.predicted.items()
    }
    groups: Groups = {}
    for scores in scores_of(Answers(judged.truth, answers, params.problem, params.evaluate)):
        groups |= scores.published()
    return groups


def _mean(labels: Float[np.ndarray, "N *S"]) -> Float[np.ndarray, "*S"]:
    """Return the mean over the images that have a label; NaN where none has."""
    known = np.isfinite(labels)
    count = known.sum(axis=0)
    total = np.where(known, labels, 0).sum(axis=0)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
