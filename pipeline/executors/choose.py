"""The executor that HEELSTRIKE_EXECUTOR names."""

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

from heelstrike.errors import UserError
from pipeline.executors.base import Executor
from pipeline.executors.devices import devices

EXECUTOR = "HEELSTRIKE_EXECUTOR"
SLURM = "HEELSTRIKE_SLURM"
STUDY_URL = "HEELSTRIKE_STUDY_URL"
_FORMS = (
    "processes, processes:N, dask:tcp://HOST:PORT, dask:local, dask:local:N, slurm, slurm:N, slurm:local, "
    "slurm:local:N or study"
)


class Engine(NamedTuple):
    """What HEELSTRIKE_EXECUTOR says.

    Attributes:
        kind: `processes`, `dask`, `slurm` or `study`.
        where: Address of a Dask scheduler; `local` for a Dask cluster or submitit's twin of SLURM on this machine.
        workers: Number of workers; `None` if it is not stated.
    """

    kind: str
    where: str = ""
    workers: int | None = None


def engine() -> Engine:
    """Return what HEELSTRIKE_EXECUTOR says; `processes` by default.

    Raises:
        UserError: The variable names no engine.
    """
    text = os.environ.get(EXECUTOR) or "processes"
    if match := re.fullmatch(r"(processes|slurm)(?::([1-9]\d{0,3}))?", text):
        return Engine(match[1], workers=_count(match[2]))
    if match := re.fullmatch(r"(dask|slurm):local(?::([1-9]\d{0,3}))?", text):
        return Engine(match[1], "local", _count(match[2]))
    if match := re.fullmatch(r"dask:((?:tcp|tls|ws|wss|ucx)://\S+:\d+)", text):
        return Engine("dask", match[1])
    if text == "study":
        return Engine("study")
    raise UserError(f"{EXECUTOR} is {text[:100]!r}; expected {_FORMS} (docs/scale.md)")


def check_engines() -> None:
    """Check HEELSTRIKE_EXECUTOR and HEELSTRIKE_DEVICES, so that a slip is reported before hours of work, not after.

    Raises:
        UserError: One of them cannot be used.
    """
    if engine().kind == "study" and not os.environ.get(STUDY_URL):
        raise UserError(f"{EXECUTOR}=study: workers on other machines need a database server; set {STUDY_URL}")
    _slurm_options()
    devices()


def _count(text: str | None) -> int | None:
    return None if text is None else int(text)


def executor(chosen: Engine, workers: int, folder: Path, gpus: int = 0) -> Executor:
    """Return the executor of an engine.

    Args:
        chosen: The engine. `study` means processes of this machine here, since bare workers run trials only.
        workers: Number of workers if the engine does not state it.
        folder: Folder for the files of a batch system, which all machines share.
        gpus: GPUs of this machine if the calls need one each, else 0.

    Raises:
        UserError: The engine's package is not installed, it does not answer, or HEELSTRIKE_SLURM is malformed.
    """
    count = chosen.workers or workers
    if chosen.kind in ("processes", "study"):
        from pipeline.executors.processes import Processes

        return Processes(count, gpus)
    try:
        if chosen.kind == "dask":
            from pipeline.executors.dask import DaskCluster

            return DaskCluster("" if chosen.where == "local" else chosen.where, count, gpu=gpus > 0)
        from pipeline.executors.slurm import Slurm
    except ImportError as error:
        raise UserError(
            f"{EXECUTOR} is {os.environ.get(EXECUTOR)!r}, but {error.name} is not installed: `pip install "
            f"heelstrike[{chosen.kind}]` on every machine of the engine"
        ) from None
    options = {"timeout_min": 24 * 60, **({"gpus_per_node": 1} if gpus else {}), **_slurm_options()}
    return Slurm(folder, count, options, local=chosen.where == "local")


def _slurm_options() -> dict[str, Any]:
    """Return the options in HEELSTRIKE_SLURM, such as `slurm_partition=gpu,timeout_min=600`."""
    options: dict[str, Any] = {}
    for pair in filter(None, os.environ.get(SLURM, "").split(",")):
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not (name and equals and value):
            raise UserError(f"{SLURM}: {pair[:100]!r} is no option; expected NAME=VALUE,NAME=VALUE (docs/scale.md)")
        options[name] = int(value) if value.isdecimal() else value
    return options
