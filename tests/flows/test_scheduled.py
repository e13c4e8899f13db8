"""Runs by schedule."""

import time
from contextlib import suppress
from pathlib import Path

import pytest

from flows.maintenance import parse_windows
from flows.scheduled import TimeOverError, Work, _between_windows, alarm
from heelstrike.errors import UserError


def test_the_time_limit_ends_even_code_that_goes_on_after_errors() -> None:
    with pytest.raises(TimeOverError), alarm(0.05):
        with suppress(UserError, OSError):
            time.sleep(5)
        time.sleep(5)
    with alarm(1):
        pass


def test_a_retrain_that_takes_too_long_says_which_limit() -> None:
    work = Work("toy", Path(), 2e-5, 1, parse_windows(["daily 00:00-24:00"]), stops=False)
    with pytest.raises(UserError, match="not finished within the time limit of 2e-05 hours"):
        _between_windows(work, lambda: time.sleep(5), print)
