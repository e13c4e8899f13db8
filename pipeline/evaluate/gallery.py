"""Every figure of a report, drawn from one evaluation."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from heelstrike.measure.base import Measure
from heelstrike.progress import progress
from pipeline.evaluate.settings import PckSettings
from pipeline.evaluate.slices import for_showing
from pipeline.heads.evaluation import Drawings, Overlay, Scene, Scores
from pipeline.models.network import Network
from pipeline.params import ProblemParams
from pipeline.scoring import figures
from pipeline.scoring.sheet import overlay_sheet, pick

_TILES = 4  # failures per row of the sheet


class Evaluation(NamedTuple):
    """What the figures show.

    Attributes:
        params: The problem's section.
        heads: Scores of each head on the test split; images are ranked by the first one's error.
        measure: Measures the keypoints of an image; `None` means that nothing is measured.
        images: Result of `per_image`.
        slices: Result of `slice_table`.
        history: history.csv of the training.
        network: The network.
        pixels: Its inputs, one for each row of `images`.
    """

    params: ProblemParams
    heads: list[Scores]
    measure: Measure | None
    images: pd.DataFrame
    slices: pd.DataFrame
    history: pd.DataFrame
    network: Network
    pixels: np.ndarray


def draw_all(evaluation: Evaluation, collected: Path, folder: Path) -> dict[str, Path]:
    """Draw every figure into a new folder.

    Args:
        evaluation: What to show.
        collected: The folder that image names are relative to.
        folder: Folder to make.

    Returns:
        PNG of each figure by name, in the order drawn.
    """
    params, heads, _, _, slices, history, network, pixels = evaluation
    first = heads[0]
    drawings: Drawings = {
        "training": lambda path: figures.training_curves(history, first.history, path, first.history_title)
    }
    files = [collected / name for name in evaluation.images["image"].astype(str)]
    scene = Scene(params.problem, files, network, pixels, params.evaluate.sheet_images)
    for head in heads:
        drawings |= head.drawings(scene)
    drawings["slices"] = lambda path: figures.slice_errors(for_showing(slices), first.panels(), path)
    overlay = first.overlay(params.problem)
    if overlay is not None:
        drawings["overlay_sheet"] = lambda path: _sheet(evaluation, overlay, files, path)
        if params.evaluate.pck is not None and "pck_distance" in evaluation.images:
            pck = params.evaluate.pck
            drawings["failures"] = lambda path: _failures(evaluation, pck, overlay, files, path)
    folder.mkdir()
    drawn = {}
    with progress("draw figures", len(drawings)) as bar:
        for name, draw in drawings.items():
            drawn[name] = folder / f"{name}.png"
            draw(drawn[name])
            bar.advance()
    return drawn


def _failures(evaluation: Evaluation, pck: PckSettings, overlay: Overlay, files: list[Path], path: Path) -> None:
    """Draw the images with the largest PCK distance, if beyond the smallest threshold."""
    far = evaluation.images["pck_distance"].to_numpy(float)
    failed = np.flatnonzero(far > min(pck.thresholds))
    ranked = failed[np.argsort(-far[failed], kind="stable")][: pck.failures]
    rows = {f"failure {at + 1}": ranked[at : at + _TILES] for at in range(0, len(ranked), _TILES)}
    overlay_sheet(
        rows or {"failure": ranked},
        files,
        [f"{file.stem}  {value:.2f}" for file, value in zip(files, far, strict=True)],
        *overlay,
        path,
    )


def _sheet(evaluation: Evaluation, overlay: Overlay, files: list[Path], path: Path) -> None:
    images, head = evaluation.images, evaluation.heads[0]
    error = images[head.error].to_numpy(float)
    titles = [f"{file.parent.name}/{file.stem}  {px:.1f} px" for file, px in zip(files, error, strict=True)]
    measure = evaluation.measure
    if measure is not None:
        errors = images[f"{measure.group}_error_{measure.unit}"].to_numpy(float)
        known = np.isfinite(errors)
        titles = [f"{t}  {e:.1f}{measure.symbol}" if k else t for t, e, k in zip(titles, errors, known, strict=True)]
    overlay_sheet(
        pick(error, evaluation.params.evaluate.sheet_images),
        files,
        titles,
        *overlay,
        path,
    )
