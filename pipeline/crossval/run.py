"""Running of a cross-validation: a network is trained and tested for each fold. Finished folds are kept."""

import shutil
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from heelstrike.files import folder_aside, json_digest, write_json
from heelstrike.progress import listening, progress
from pipeline.crossval.arrays import Pool, read_pool
from pipeline.crossval.folds import Fold, make_folds
from pipeline.evaluate.judge import Judged, judge, judge_answers
from pipeline.evaluate.summary import to_json
from pipeline.grid.row import machine, read_result
from pipeline.grid.run import Watch
from pipeline.heads.arrays import load_arrays
from pipeline.layout import Layout
from pipeline.models.build import SETTINGS, WEIGHTS, save_weights
from pipeline.params import ProblemParams
from pipeline.splits import TEST, TRAIN, TRAINED_ON, VAL, Split
from pipeline.tracking.grid import log_row
from pipeline.tracking.runs import crossval_run
from pipeline.train.fit import Plan, fit
from pipeline.train.heads import headlines
from pipeline.train.module import Row as History
from pipeline.train.start import describe_start
from pipeline.train.threads import use_threads

_ANSWERS = "answers.npz"


@dataclass(frozen=True)
class Places:
    """Paths of a cross-validation's files."""

    layout: Layout
    name: str

    @property
    def reports(self) -> Path:
        """Folder of table, numbers and figure; folds/NAME.json are below it."""
        return self.layout.out("evaluate").parent / "crossval" / self.name

    def result(self, fold: Fold) -> Path:
        """Return the path of a fold's result."""
        return self.reports / "folds" / f"{fold.name}.json"

    def trained(self, fold: Fold) -> Path:
        """Return the folder of a fold's weights, settings, history and predictions."""
        return self.layout.out("train").parent / "crossval" / self.name / fold.name


@dataclass(frozen=True)
class Validated:
    """Result of a cross-validation.

    Attributes:
        folds: The folds.
        results: Content of each fold's result file.
        pooled: Evaluation of all images, each predicted once by the network that was not trained on its subject.
        splits: The splits whose subjects were dealt into the folds.
    """

    folds: list[Fold]
    results: list[dict[str, Any]]
    pooled: Judged
    splits: tuple[Split, ...]


def name_of(count: int, splits: tuple[Split, ...] = TRAINED_ON) -> str:
    """Return the name of a cross-validation: `5-folds`, `leave-one-subject-out` for 0, `5-folds-with-test`."""
    name = f"{count}-folds" if count else "leave-one-subject-out"
    return f"{name}-with-test" if TEST in splits else name


def cross_validate(
    params: ProblemParams, layout: Layout, count: int, watch: Watch, splits: tuple[Split, ...] = TRAINED_ON
) -> Validated:
    """Run the folds that are not finished, each as an MLflow run, and pool their predictions.

    Args:
        params: The problem's section of params.yaml. Its network and training are used, without a search.
        layout: The repository and the problem.
        count: Number of folds; 0 for one fold per subject.
        watch: Callbacks for each fold.
        splits: The splits whose subjects are dealt into the folds. With the test split every image is judged, and no
            image is left that settings chosen by the result could be tested on.

    Raises:
        UserError: The data is not prepared, there are too few subjects, a training failed, or the MLflow store failed.
    """
    pool, places = read_pool(layout, splits), Places(layout, name_of(count, splits))
    folds = make_folds(params, layout, pool.subjects, count)
    results = []
    with crossval_run(layout, places.name, json_digest([places.name, pool.digest])) as parent:
        for fold in folds:
            watch.start(fold.name)
            digest = _digest(params, pool, fold)
            result = read_result(places.result(fold))
            again = result is not None and result.get("digest") == digest
            if result is None or not again:
                with listening(partial(watch.event, fold.name)):
                    result = _run(fold, params, pool, places, digest)
                write_json(places.result(fold), result)
            log_row(parent, result, {"judged": " ".join(fold.judged)}, places.trained(fold))
            results.append(result)
            watch.finish(fold.name, result, again)
    return Validated(folds, results, _pooled(folds, params, pool, places), splits)


def _digest(params: ProblemParams, pool: Pool, fold: Fold) -> str:
    """Return the digest of everything a fold's result depends on."""
    parts = {"problem", "augment", "model", "train", "evaluate", "measure", "package"}
    return json_digest([params.model_dump(mode="json", include=parts), pool.digest, vars(fold)])


def _run(fold: Fold, params: ProblemParams, pool: Pool, places: Places, digest: str) -> dict[str, Any]:
    started, layout = time.monotonic(), places.layout
    work = layout.work("crossval", digest[:16])
    variant = Layout(work / "data", layout.problem)
    for split, subjects in ((TRAIN, fold.learned), (VAL, fold.chosen_by), (TEST, fold.judged)):
        pool.write(split, pool.rows(subjects), variant)
    plan = Plan(problem=params.problem, model=params.model, train=params.train, augment=params.augment)
    train, val = (load_arrays(variant.out("prepare") / split, plan.problem) for split in TRAINED_ON)
    use_threads(plan)
    with progress("train", sum(step.rounds for step in plan.train.steps)) as bar:

        def show(row: History) -> bool:
            bar.advance(1, **headlines(row))
            return True

        fitted = fit(plan, train, val, work / "fit", show, layout.root)
    trained = time.monotonic() - started
    judged = judge(fitted.network, params, variant)
    with folder_aside(places.trained(fold)) as out:
        save_weights(fitted.network, out / WEIGHTS)
        write_json(out / SETTINGS, plan.model_dump(mode="json"))
        pd.DataFrame(fitted.history).to_csv(out / "history.csv", index=False)
        np.savez(out / _ANSWERS, **dict[str, Any](judged.predicted))
    shutil.rmtree(work)
    return {
        "row": fold.name,
        "digest": digest,
        "state": "finished",
        "machine": machine(),
        "metrics": to_json(judged.metrics),
        "epochs": len(fitted.history),
        "parameters": sum(p.numel() for p in fitted.network.parameters()),
        "train_images": len(train),
        "train_seconds": round(trained, 1),
        **({"started_from": describe_start(plan.train, fitted.pretrained)} if fitted.pretrained else {}),
    }


def _pooled(folds: list[Fold], params: ProblemParams, pool: Pool, places: Places) -> Judged:
    """Evaluate the predictions of all folds together, so that intervals are over all subjects."""
    answers: dict[str, list[np.ndarray]] = {}
    for fold in folds:
        with np.load(places.trained(fold) / _ANSWERS, allow_pickle=False) as arrays:
            for name in arrays.files:
                answers.setdefault(name, []).append(arrays[name])
    rows = np.concatenate([pool.rows(fold.judged) for fold in folds])
    variant = Layout(places.layout.work("crossval", "pooled"), places.layout.problem)
    pool.write(TEST, rows, variant)
    judged = judge_answers({name: np.concatenate(parts) for name, parts in answers.items()}, params, variant)
    shutil.rmtree(variant.root)
    return judged
