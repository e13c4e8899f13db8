"""Every figure of a report, drawn from one evaluation."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from pipeline.evaluate import figures
from pipeline.evaluate.cases import Predicted, Truth
from pipeline.evaluate.metrics import distances
from pipeline.evaluate.sheet import overlay_sheet, pick
from pipeline.evaluate.slices import for_showing
from pipeline.measure.base import Measure
from pipeline.params import ProblemParams
from pipeline.progress import progress


class Evaluation(NamedTuple):
    """What the figures show.

    Attributes:
        params: The problem's section.
        truth: The test split.
        predicted: What the model says about it.
        measure: What is read off the keypoints; none: nothing.
        images: As `per_image` makes it.
        slices: As `slice_table` makes it.
        history: history.csv of the training.
    """

    params: ProblemParams
    truth: Truth
    predicted: Predicted
    measure: Measure | None
    images: pd.DataFrame
    slices: pd.DataFrame
    history: pd.DataFrame


def draw_all(evaluation: Evaluation, collected: Path, folder: Path) -> dict[str, Path]:
    """Draw every figure into a new folder.

    Args:
        evaluation: What to show.
        collected: The folder that image names are relative to.
        folder: Made here.

    Returns:
        Name of each figure to its PNG, in the order drawn.
    """
    params, truth, predicted, measure, images, slices, history = evaluation
    original, found = truth.points_in_original(truth.keypoints), truth.points_in_original(predicted.keypoints)
    distance = distances(found, original, truth.labelled)
    rmse = images["rmse_original_px"].to_numpy(float)
    bands, threshold = params.evaluate.bands_px, params.package.confidence
    # as a consumer sees them: what is below the threshold counts as not found
    shown = np.where(predicted.confidence[..., None] >= threshold, found, np.nan)
    panels = {"rmse_original_px": "RMSE (original px)"}
    drawings: dict[str, Callable[[Path], None]] = {
        "training": lambda path: figures.training_curves(history, path),
        "error_cdf": lambda path: figures.error_cdf(distance, rmse, bands, path),
        "keypoints": lambda path: figures.keypoint_errors(distance, params.problem.keypoints, path),
        "confidence": lambda path: figures.confidence(
            predicted.confidence, distance, truth.visibility == 2, ~truth.labelled, threshold, path
        ),
        "slices": lambda path: figures.slice_errors(for_showing(slices), panels, path),
        "overlay_sheet": lambda path: _sheet(evaluation, original, shown, collected, path),
    }
    if measure is not None:
        panels[f"{measure.group}_median_{measure.unit}"] = f"{measure.title}: median error ({measure.symbol})"
        true = measure.values(truth.keypoints)
        off = measure.differences(predicted.keypoints, truth.keypoints)
        drawings["agreement"] = lambda path: figures.bland_altman(true, off, measure, path)
    folder.mkdir()
    drawn = {}
    with progress("draw figures", len(drawings)) as bar:
        for name, draw in drawings.items():
            drawn[name] = folder / f"{name}.png"
            draw(drawn[name])
            bar.advance()
    return drawn


def _sheet(
    evaluation: Evaluation,
    original: Float[np.ndarray, "N K 2"],
    shown: Float[np.ndarray, "N K 2"],
    collected: Path,
    path: Path,
) -> None:
    problem, images = evaluation.params.problem, evaluation.images
    files = [Path(name) for name in images["image"].astype(str)]
    rmse = images["rmse_original_px"].to_numpy(float)
    titles = [f"{file.parent.name}/{file.stem}  {error:.1f} px" for file, error in zip(files, rmse, strict=True)]
    measure = evaluation.measure
    if measure is not None:
        errors = images[f"{measure.group}_error_{measure.unit}"].to_numpy(float)
        known = np.isfinite(errors)
        titles = [f"{t}  {e:.1f}{measure.symbol}" if k else t for t, e, k in zip(titles, errors, known, strict=True)]
    number = problem.keypoints.index
    overlay_sheet(
        pick(rmse, evaluation.params.evaluate.sheet_images),
        [collected / file for file in files],
        titles,
        original,
        shown,
        [(number(a), number(b)) for a, b in problem.skeleton],
        path,
    )
