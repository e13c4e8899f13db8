"""The evaluate stage: the trained network on the test split, which no earlier stage uses."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from heelstrike.errors import UserError
from heelstrike.files import file_digest, folder_aside, write_aside, write_json
from heelstrike.measure.radii import RADII
from pipeline.evaluate.calibrate import fit_radii
from pipeline.evaluate.gallery import Evaluation, draw_all
from pipeline.evaluate.judge import judge
from pipeline.evaluate.report import ReportContent, write_report
from pipeline.evaluate.slices import slice_table, statistics_of
from pipeline.evaluate.summary import to_json
from pipeline.evaluate.temporal.result import TEMPORAL
from pipeline.evaluate.temporal.verdict import temporal_verdict
from pipeline.layout import Layout
from pipeline.models.build import WEIGHTS, load_trained
from pipeline.params import ProblemParams
from pipeline.scoring.case_table import CASES, write_cases
from pipeline.scoring.score import SCORES, write_scores
from pipeline.splits import TEST
from pipeline.spreadsheet import for_spreadsheets


def run(params: ProblemParams, layout: Layout) -> None:
    """Evaluate models/P/train on data/P/prepare/test.

    Writes reports/P/evaluate (cases.npz; scores.json, the headline scores computed from it; report.html, figures,
    per_image.parquet, slices.csv; radii.json, fitted on data/P/prepare/val; temporal.json, the judgement of the
    temporal model), reports/P/metrics.json and, for `dvc plots`, reports/P/plots.

    Raises:
        UserError: An input is missing, does not fit the others, or was made with other keypoints.
    """
    network = load_trained(layout.out("train"))
    if network.problem != params.problem:
        raise UserError(f"{layout.out('train')}: trained with another `problem` section; run the train stage again")
    split = _digest_of_split(layout.out("split") / "test.json")
    radii = fit_radii(network, params, layout)
    judged = judge(network, params, layout, radii)
    temporal = temporal_verdict(network, params, layout, radii)
    metrics = judged.metrics | ({} if temporal is None else {"temporal": temporal.numbers()})
    truth, heads, images = judged.truth, judged.heads, judged.images
    slices = slice_table(truth, heads, params.evaluate)
    history = _history(layout.out("train") / "history.csv")

    with folder_aside(layout.out("evaluate")) as out:
        images.to_parquet(out / "per_image.parquet", index=False)
        write_json(out / RADII, None if radii is None else radii.model_dump(mode="json"))
        write_json(out / TEMPORAL, None if temporal is None else temporal.model_dump(mode="json"))
        for_spreadsheets(slices).to_csv(out / "slices.csv", index=False, float_format="%.6g")
        weights = file_digest(layout.out("train") / WEIGHTS)
        write_cases(judged.cases, out / CASES, weights, split)
        write_scores(judged.headlines, out / SCORES)
        pixels = np.load(layout.out("prepare") / TEST / "images.npy", mmap_mode="r")
        evaluation = Evaluation(params, heads, judged.measure, images, slices, history, network, pixels)
        drawn = draw_all(evaluation, layout.out("collect"), out / "figures")
        report = ReportContent(
            layout.problem,
            params.problem,
            network.settings.model_dump(mode="json"),
            metrics,
            judged.headlines,
            slices,
            judged.measure,
            [measurement for head in heads for measurement in head.measured(images["image"].astype(str).tolist())],
            params.evaluate,
            drawn,
            weights,
            split,
            _started_from(layout.out("train") / "summary.json"),
            temporal,
        )
        write_report(report, out / "report.html")
    reports = layout.out("evaluate").parent
    _write_plots(reports / "plots", history[heads[0].history], images[heads[0].error].to_numpy())
    write_json(reports / "metrics.json", to_json(metrics | {"slices": _slice_numbers(slices)}))


def _digest_of_split(path: Path) -> str:
    if not path.is_file():
        raise UserError(f"{path}: not there; run the split stage again")
    return file_digest(path)


def _started_from(path: Path) -> str:
    """What the training started from, in a line; empty if it started from random weights."""
    summary = json.loads(path.read_text()) if path.is_file() else {}
    return str(summary.get("init_from", {}).get("started_from", ""))


def _history(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise UserError(f"{path}: not there; run the train stage again")
    return pd.read_csv(path)


def _write_plots(folder: Path, history: pd.Series, errors: Float[np.ndarray, "N"]) -> None:
    """Write the tables for `dvc plots`: the validation error by epoch, and quantiles of the images' errors."""
    training = pd.DataFrame({"epoch": np.arange(1, len(history) + 1), "val_error_px": history})
    share = np.linspace(0, 1, 101)
    known = errors[np.isfinite(errors)]
    quantiles = np.quantile(known, share) if len(known) else np.full(len(share), np.nan)
    cdf = pd.DataFrame({"share_of_images": share, "error_px": quantiles})
    for name, frame in (("training", training), ("error_cdf", cdf)):
        with write_aside(folder / f"{name}.csv") as aside:
            frame.to_csv(aside, index=False, float_format="%.6g")


def _slice_numbers(slices: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """Slices for metrics.json; subjects are only in slices.csv, since their number grows with the data."""
    nested: dict[str, dict[str, dict[str, float]]] = {}
    for row in slices[~slices["slice"].isin(["all", "subject"])].to_dict("records"):
        values = {"images": int(row["images"])} | {name: float(row[name]) for name in statistics_of(slices)}
        nested.setdefault(str(row["slice"]), {})[str(row["value"])] = values
    return nested
