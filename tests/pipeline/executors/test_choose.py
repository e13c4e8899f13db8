from pathlib import Path
from typing import Any

import pytest
import torch

from flows.retrain import retrain
from heelstrike.errors import UserError
from heelstrike.progress import progress
from pipeline.__main__ import run
from pipeline.executors import spread
from pipeline.executors.base import Executor
from pipeline.executors.choose import Engine, check_engines, engine, executor
from pipeline.executors.devices import DEVICES, devices
from pipeline.executors.spread import run_all
from tests.pipeline.executors.calls import Number, square

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Engine("processes")),
        ("processes:4", Engine("processes", workers=4)),
        ("dask:tcp://scheduler.example:8786", Engine("dask", "tcp://scheduler.example:8786")),
        ("dask:local", Engine("dask", "local")),
        ("dask:local:3", Engine("dask", "local", 3)),
        ("slurm", Engine("slurm")),
        ("slurm:40", Engine("slurm", workers=40)),
        ("slurm:local:2", Engine("slurm", "local", 2)),
        ("study", Engine("study")),
    ],
)
def test_engines(monkeypatch: pytest.MonkeyPatch, text: str, expected: Engine) -> None:
    monkeypatch.setenv("HEELSTRIKE_EXECUTOR", text)
    assert engine() == expected


@pytest.mark.parametrize("text", ["ray", "processes:0", "dask", "dask:scheduler.example", "slurm:many", "local"])
def test_other_words_are_a_message_with_those_that_can_be_used(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("HEELSTRIKE_EXECUTOR", text)
    with pytest.raises(UserError, match=rf"HEELSTRIKE_EXECUTOR is '{text}'; expected processes, processes:N, dask:tcp"):
        engine()


def test_a_scheduler_that_is_not_there_is_a_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEELSTRIKE_STORE_TIMEOUT", "0.5")
    with pytest.raises(UserError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        executor(Engine("dask", "tcp://127.0.0.1:9"), 2, tmp_path)


def test_options_of_slurm_that_are_no_pairs_are_a_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEELSTRIKE_SLURM", "slurm_partition=gpu,fast")
    with pytest.raises(UserError, match="HEELSTRIKE_SLURM: 'fast' is no option; expected NAME=VALUE"):
        executor(Engine("slurm", "local"), 2, tmp_path)


def test_what_is_no_trial_runs_here_if_bare_workers_run_the_trials(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HEELSTRIKE_EXECUTOR", "study")
    numbers = [Number(value=value) for value in (1, 2, 3)]
    with progress("square", 3) as bar:
        squares = run_all(square, numbers, bar, lambda _: 1, tmp_path, at_least=2)
    assert squares == [Number(value=value) for value in (1, 4, 9)]


@pytest.mark.parametrize(("cores", "jobs", "stated", "expected"), [(3, 9, "", 3), (8, 4, "", 4), (3, 9, ":2", 2)])
def test_the_engine_or_the_cores_decide_how_many_workers_share_the_jobs(
    cores: int, jobs: int, stated: str, expected: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = []

    def remember(*arguments: Any) -> Executor:
        seen.append(executor(*arguments))
        return seen[0]

    monkeypatch.setenv("HEELSTRIKE_EXECUTOR", f"processes{stated}")
    monkeypatch.setattr(spread, "cores", lambda: cores)
    monkeypatch.setattr(spread, "executor", remember)
    numbers = [Number(value=value) for value in range(jobs)]
    with progress("square", jobs) as bar:
        run_all(square, numbers, bar, lambda _: 1, tmp_path, at_least=2)
    assert seen[0].workers == expected


@pytest.mark.parametrize("text", ["0", "two", "-1", "1.5", "²"])
def test_a_number_of_devices_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEVICES, text)
    with pytest.raises(UserError, match=f"{DEVICES} is '{text}'; expected the number of devices"):
        devices()


def test_more_devices_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEVICES, "4")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UserError, match=f"{DEVICES} is 4, but this machine has 1 GPU"):
        devices()


def test_one_device_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DEVICES, raising=False)
    assert devices() == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [(DEVICES, "two"), ("HEELSTRIKE_EXECUTOR", "ray"), ("HEELSTRIKE_SLURM", "fast"), ("HEELSTRIKE_EXECUTOR", "study")],
)
def test_a_slip_is_refused_by_the_first_stage(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEELSTRIKE_STUDY_URL", raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match=name):
        check_engines()
    with pytest.raises(UserError, match=name):
        run(ROOT, "collect", "rearfoot")


def test_devices_and_batches_in_parts_are_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEVICES, "2")
    refused = pytest.raises(UserError, match=r"train\.parts is 2, but 2 devices share each batch already; set it to 1")
    with refused:
        run(ROOT, "collect", "rearfoot")
    with refused:
        retrain.fn("rearfoot", str(ROOT))
