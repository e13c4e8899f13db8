"""A network judged on the test split."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from heelstrike.measure.base import Measure
from heelstrike.measure.build import build_exam_measure, build_measure
from heelstrike.measure.radii import Radii
from heelstrike.progress import progress
from pipeline.evaluate.images import per_image
from pipeline.evaluate.summary import summarise
from pipeline.heads.evaluation import Answers, Groups, Promise, Scores, scores_of
from pipeline.layout import Layout
from pipeline.models.inference import ArrayPredictions, concatenate, predict_arrays
from pipeline.models.network import Network
from pipeline.params import ProblemParams
from pipeline.scoring.case_table import Cases
from pipeline.scoring.cases import Truth, load_truth
from pipeline.scoring.score import Score
from pipeline.splits import TEST

_CHUNK = 128  # images between two steps of the progress bar


@dataclass(frozen=True)
class Judged:
    """What is found of a network.

    Attributes:
        truth: The test split.
        predicted: What the network says about it.
        cases: Both, in pixels of the original images.
        measure: What is read off the keypoints of an image; none: nothing, or only of exams.
        heads: Each head's answers.
        metrics: By group, as metrics.json has them.
        headlines: Of these, the headline numbers.
        images: A row per image.
    """

    truth: Truth
    predicted: ArrayPredictions
    cases: Cases
    measure: Measure | None
    heads: list[Scores]
    metrics: Groups
    headlines: list[Score]
    images: pd.DataFrame


def judge(network: Network, params: ProblemParams, layout: Layout, radii: Radii | None = None) -> Judged:
    """Judge a network on data/P/prepare/test.

    Args:
        network: It is left on the device that it is judged on.
        params: The problem's section.
        layout: Where the prepared split lies.
        radii: How far keypoints may be off, which is checked then; none: nothing is said of it.

    Raises:
        UserError: A file is missing, or does not fit the others.
    """
    return judge_answers(predict_split(network, layout.out("prepare") / TEST), params, layout, radii)


def judge_answers(
    predicted: ArrayPredictions, params: ProblemParams, layout: Layout, radii: Radii | None = None
) -> Judged:
    """Judge what is already known of each image of data/P/prepare/test, in its order; see `judge`."""
    truth = load_truth(layout.out("prepare") / TEST)
    threshold, names = params.package.confidence, params.problem.keypoints
    measure = build_measure(params.measure, names, threshold) if params.measure is not None else None
    of_exams = build_exam_measure(params.measure, names, threshold) if params.measure is not None else None
    limit = params.measure.uncertainty_limit if params.measure is not None else None
    promise = Promise(radii, names, params.package.max_radius_px, limit) if radii is not None else None
    answers = Answers(truth, predicted, params.problem, params.evaluate, threshold, measure, of_exams, promise)
    heads = scores_of(answers)
    metrics = summarise(truth, heads)
    cases = truth.cases({name: array for head in heads for name, array in head.cases.answers.items()}, threshold)
    headlines = [score for head in heads for score in head.headlines()]
    return Judged(truth, predicted, cases, measure, heads, metrics, headlines, per_image(truth, heads, names))


def predict_split(network: Network, folder: Path) -> ArrayPredictions:
    """What a network says about every image of a prepared split; it is left on the device that it looked with."""
    network.to("cuda" if torch.cuda.is_available() else "cpu")
    pixels = np.load(folder / "images.npy", mmap_mode="r")
    parts = []
    with progress(f"predict {folder.name} images", len(pixels)) as bar:
        for start in range(0, max(len(pixels), 1), _CHUNK):
            chunk = pixels[start : start + _CHUNK]
            parts.append(predict_arrays(network, chunk))
            bar.advance(len(chunk))
    return {name: values.astype(np.float64) for name, values in concatenate(parts).items()}
