"""Evaluation of a network on the test split."""

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
from pipeline.heads.evaluation import Answers, Promise, Scores, scores_of
from pipeline.layout import Layout
from pipeline.models.inference import ArrayPredictions, concatenate, predict_arrays
from pipeline.models.network import Network
from pipeline.params import ProblemParams
from pipeline.scoring.case_table import Cases
from pipeline.scoring.cases import Truth, load_truth
from pipeline.scoring.score import Groups, Score
from pipeline.splits import TEST

_CHUNK = 128  # images between two steps of the progress bar


@dataclass(frozen=True)
class Judged:
    """The evaluation of a network.

    Attributes:
        truth: The test split.
        predicted: The network's predictions.
        cases: Both, in pixels of the original images.
        measure: Measures the keypoints of an image; `None` if no images are measured (exams may be).
        heads: Scores of each head.
        metrics: Numbers by group, as in metrics.json.
        headlines: The headline scores of all heads.
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
    """Evaluate a network on data/P/prepare/test.

    Args:
        network: The network; it stays on the device that it is evaluated on.
        params: The problem's section.
        layout: Where the prepared split lies.
        radii: Radii whose coverage is evaluated; `None` means that there are none.

    Raises:
        UserError: A file is missing, or does not fit the others.
    """
    return judge_answers(predict_split(network, layout.out("prepare") / TEST), params, layout, radii)


def judge_answers(
    predicted: ArrayPredictions, params: ProblemParams, layout: Layout, radii: Radii | None = None
) -> Judged:
    """Evaluate given predictions for the images of data/P/prepare/test, in the split's order."""
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
    """Predictions for every image of a prepared split; the network stays on the device it ran on."""
    network.to("cuda" if torch.cuda.is_available() else "cpu")
    pixels = np.load(folder / "images.npy", mmap_mode="r")
    parts = []
    with progress(f"predict {folder.name} images", len(pixels)) as bar:
        for start in range(0, max(len(pixels), 1), _CHUNK):
            chunk = pixels[start : start + _CHUNK]
            parts.append(predict_arrays(network, chunk))
            bar.advance(len(chunk))
    return {name: values.astype(np.float64) for name, values in concatenate(parts).items()}
