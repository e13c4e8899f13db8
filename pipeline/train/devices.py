"""A training on several devices of this machine, or of several machines.

HEELSTRIKE_DEVICES=N on one machine; on several, this in a folder that they all mount, and then the stage as usual:

    torchrun --nnodes 2 --nproc-per-node 4 --rdzv-backend c10d --rdzv-endpoint HOST:29400 -m pipeline.train.devices P

Each process trains on its part of every batch (pipeline.train.shards) by Lightning's DDP. The processes leave the
finished steps in the training's work folder, from where the stage takes them as those of an interrupted training.
"""

import argparse
import contextlib
import io
import os
import sys
import tempfile
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any

import torch
from torch import distributed, multiprocessing
from torch.multiprocessing.spawn import ProcessException

from heelstrike.errors import UserError, first_line
from heelstrike.progress import PROGRESS_FILE
from pipeline.executors.processes import end_with_parent
from pipeline.train.job import Job, train

_ATTEMPTS = 3


def train_together(job: Job, count: int) -> None:
    """Train in `count` processes of this machine until every step of the training is finished in its work folder.

    If a process dies, all of them start again from the last epoch, unless it is the third death. Its traceback is
    printed.

    Raises:
        UserError: The training cannot go on, for instance because its loss is not finite, or processes died three
            times.
    """
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # DDP warns of each training in which all parameters are used
    for attempt in range(1, _ATTEMPTS + 1):
        errors = multiprocessing.get_context("spawn").SimpleQueue()
        with tempfile.TemporaryDirectory() as folder:
            try:
                multiprocessing.spawn(_run, (count, job, f"file://{folder}/meet", errors), nprocs=count)
                return
            except ProcessException as death:
                if not errors.empty():
                    raise errors.get() from None
                reason = f"process {death.error_index + 1} of {count} ended: {_last_line(str(death))}"
                print(str(death).strip(), file=sys.stderr, flush=True)
        if attempt < _ATTEMPTS:
            print(f"train: {reason}; all start again from the last epoch", file=sys.stderr, flush=True)
    raise UserError(
        f"train on {count} devices: {reason}. This happened {_ATTEMPTS} times; perhaps memory ran out. "
        "Run the same command again, which goes on from the last epoch"
    )


def _last_line(text: str) -> str:
    """Return the last line of a traceback, which names the error; torch puts the exit code or signal there as well."""
    return first_line(text.strip().splitlines()[-1])


def _run(rank: int, count: int, job: Job, meeting: str, errors: "SimpleQueue[UserError]") -> None:
    end_with_parent()
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(count), LOCAL_WORLD_SIZE=str(count))
    if sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    try:
        with _group(meeting, rank, count):
            _train_quietly(job, rank, count)
    except UserError as error:
        errors.put(error)
        sys.exit(1)


@contextlib.contextmanager
def _group(meeting: str, rank: int, count: int) -> Any:
    gpu = torch.cuda.is_available()
    if gpu:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if gpu else "gloo", meeting, rank=rank, world_size=count)
    yield
    distributed.destroy_process_group()


def _train_quietly(job: Job, rank: int, local: int) -> None:
    """Train; only the first process shows its progress."""
    if rank == 0:
        train(job, local)
        return
    os.environ.pop(PROGRESS_FILE, None)
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        train(job, local)


def main() -> None:
    """Train as one of the processes that `torchrun` has started, in the folder of the repository."""
    from pipeline.train.stage import job_of

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problem", help="a name from `problems` in params.yaml")
    arguments = parser.parse_args()
    if "RANK" not in os.environ:
        parser.error("start it by torchrun; on one machine, set HEELSTRIKE_DEVICES instead")
    rank, count, local = (int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE"))
    try:
        job = job_of(Path.cwd(), arguments.problem)
        with _group("env://", rank, count):
            _train_quietly(job, rank, local)
    except UserError as error:
        sys.exit(f"train@{arguments.problem}, process {rank + 1} of {count}: {error}")
    if rank == 0:
        print(f"trained on {count} devices; `dvc repro` or `heelstrike retrain {arguments.problem}` takes the result")


if __name__ == "__main__":
    main()
