"""Runs by schedule."""

import time
from contextlib import suppress

import pytest

from flows.scheduled import time_limit
from heelstrike.errors import UserError


def test_the_time_limit_ends_even_code_that_goes_on_after_errors() -> None:
    with pytest.raises(UserError, match="not finished within the time limit of 2e-05 hours"), time_limit(2e-5):
        with suppress(UserError, OSError):
            time.sleep(5)
        time.sleep(5)
    with time_limit(1):
        pass
