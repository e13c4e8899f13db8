from pathlib import Path

import pytest

from heelstrike.errors import UserError
from heelstrike.progress import progress
from pipeline.executors.choose import Engine, engine, executor
from pipeline.executors.spread import run_all
from tests.pipeline.executors.calls import Number, square


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
