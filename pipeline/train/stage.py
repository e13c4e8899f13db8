"""Stage `train`: reads the prepared arrays and the search's best settings, writes weights and history."""

import json
import shutil
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from heelstrike.errors import UserError, one_line
from heelstrike.files import file_digest, folder_aside, json_digest, write_aside, write_json
from heelstrike.progress import progress
from pipeline.executors.devices import devices
from pipeline.heads.arrays import array_shapes, load_arrays
from pipeline.layout import Layout
from pipeline.models.build import SETTINGS, WEIGHTS, save_weights
from pipeline.models.temporal.saved import save_temporal
from pipeline.params import ProblemParams, load_params, problem_in
from pipeline.problem import Problem
from pipeline.splits import TRAINED_ON
from pipeline.train.devices import train_together
from pipeline.train.fit import Fitted, Plan
from pipeline.train.job import Job, train
from pipeline.train.start import describe_start, start_summary
from pipeline.train.temporal.teach import teach_temporal
from pipeline.train.temporal.tracks import require_runs


def run(params: ProblemParams, layout: Layout) -> None:
    """Train on the training split and validate on the validation split. The test split is not read."""
    job = _job(params, layout)
    temporal = job.plan.train.temporal
    for split in TRAINED_ON if temporal else ():
        require_runs(job.prepared / split)
    if (count := devices()) > 1:
        train_together(job, count)
    fitted = train(job)
    if fitted.pretrained is not None:
        print(f"started from {describe_start(job.plan.train, fitted.pretrained)}")
    taught = None
    if temporal is not None:
        with progress(f"train temporal model {layout.problem}", 1) as bar:
            taught = teach_temporal(fitted.network, job.prepared, temporal, job.plan.train.seed)
            bar.advance()
    with folder_aside(layout.out("train")) as out:
        _write(fitted, job.plan, out)
        if taught is not None:
            save_temporal(*taught, out)
    shutil.rmtree(job.work)


def job_of(root: Path, problem: str) -> Job:
    """Return the training of a repository's problem.

    Raises:
        UserError: params.yaml or the search's result cannot be used.
    """
    return _job(problem_in(load_params(root / "params.yaml"), problem), Layout(root, problem))


def _job(params: ProblemParams, layout: Layout) -> Job:
    plan, prepared = read_plan(params.problem, layout.out("search") / "best.json"), layout.out("prepare")
    for split in TRAINED_ON:
        load_arrays(prepared / split, plan.problem)  # what is wrong with them is said before any digest is made
    work = layout.work("train", training_digest(plan, prepared))
    return Job(layout.problem, plan, prepared, work, layout.root)


def read_plan(problem: Problem, path: Path) -> Plan:
    """Read the search's best settings and validate them again.

    Raises:
        UserError: The file is missing or does not hold complete, valid settings.
    """
    if not path.is_file():
        raise UserError(f"{path} does not exist; run the search stage first")
    try:
        return Plan.model_validate({"problem": problem, **json.loads(path.read_text())})
    except (json.JSONDecodeError, TypeError) as error:
        raise UserError(f"{path} does not hold settings of a training ({error}); run the search stage again") from None
    except ValidationError as error:
        raise UserError(f"{path}: {one_line(error)}; run the search stage again") from None


def training_digest(plan: Plan, prepared: Path) -> str:
    """Return the digest of everything a training depends on: settings and the arrays of both splits."""
    arrays = [prepared / split / f"{name}.npy" for split in TRAINED_ON for name in array_shapes(plan.problem)]
    return json_digest({"plan": plan.model_dump(mode="json"), "arrays": [file_digest(path) for path in arrays]})


def _write(fitted: Fitted, plan: Plan, out: Path) -> None:
    save_weights(fitted.network, out / WEIGHTS)
    write_json(out / SETTINGS, plan.model_dump(mode="json"))
    history = pd.DataFrame(fitted.history)
    with write_aside(out / "history.csv") as aside:
        history.to_csv(aside, index=False)
    last = fitted.best[-1]
    rows = history[(history["step"] == len(fitted.best) - 1) & (history["epoch"] == last["epoch"])]
    figures = {name: float(rows.iloc[0][name]) for name in history.columns if name.startswith("val_")}
    parameters = sum(p.numel() for p in fitted.network.parameters())
    write_json(
        out / "summary.json",
        {
            "steps": fitted.best,
            "epochs": len(history),
            "parameters": parameters,
            **figures,
            **({} if fitted.pretrained is None else {"init_from": start_summary(plan.train, fitted.pretrained)}),
        },
    )
