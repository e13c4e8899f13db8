"""Calls for the executors' tests, which workers import by name."""

import os
import signal
import time
from pathlib import Path

from heelstrike.errors import UserError
from heelstrike.settings import Strict
from pipeline.search.queue import Task


class Number(Strict):
    value: int
    folder: Path = Path()


def square(number: Number) -> Number:
    return Number(value=number.value**2)


def slow_square(number: Number) -> Number:
    time.sleep(0.2 if number.value % 2 else 0)
    return square(number)


def refuse(number: Number) -> Number:
    raise UserError(f"{number.value} cannot be used")


def die_once(number: Number) -> Number:
    """Kill the own process, unless an earlier call with this argument did."""
    marker = number.folder / f"died-{number.value}"
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return square(number)


def process_of(number: Number) -> Number:
    return Number(value=os.getpid())


TASKS = {
    function.__name__: Task(function, Number, Number)
    for function in (square, slow_square, refuse, die_once, process_of)
}
