"""The dead man's switch: a schedule that did not run is a line and an exit status."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result

from flows.schedule_check import due_before, schedule_faults
from flows.schedule_record import Demand, last_run, record_call, recorded, write_demands

DEPLOYED = datetime.now(UTC) - timedelta(days=20)
WEEKLY = Demand(deployment="weekly-toy", problem="toy", cron="0 2 * * 1", timezone="UTC", since=DEPLOYED)


def test_the_newest_due_time_is_in_the_time_zone_of_the_schedule() -> None:
    monday = datetime(2026, 11, 30, 12, tzinfo=UTC)
    demand = WEEKLY.model_copy(update={"timezone": "Europe/Berlin", "since": datetime(2026, 1, 1, tzinfo=UTC)})
    assert due_before(demand, monday) == datetime(2026, 11, 30, 1, tzinfo=UTC)
    assert due_before(demand.model_copy(update={"since": monday}), monday) is None


def test_a_schedule_that_never_ran_or_stopped_is_noticed(tmp_path: Path) -> None:
    write_demands(tmp_path, [WEEKLY])
    (line,) = schedule_faults(tmp_path)
    assert line.startswith("weekly-toy was due ")
    assert "did not run; it has never run; see that `prefect server start`" in line
    record_call(tmp_path, "weekly-toy")
    assert schedule_faults(tmp_path) == []
    (line,) = schedule_faults(tmp_path, datetime.now(UTC) + timedelta(days=8))
    assert "did not run; it ran last 20" in line


def test_a_run_that_failed_and_one_that_died_are_noticed(tmp_path: Path) -> None:
    write_demands(tmp_path, [WEEKLY])
    record_call(tmp_path, "weekly-toy")
    with pytest.raises(ValueError, match="no data"), recorded(tmp_path, "weekly-toy", "toy"):
        raise ValueError("no data\nmore")
    (line,) = schedule_faults(tmp_path)
    assert line.endswith(": no data")
    code = "from flows.schedule_record import recorded; from pathlib import Path; import os, signal, sys\n"
    code += "with recorded(Path(sys.argv[1]), 'weekly-toy', 'toy'): os.kill(os.getpid(), signal.SIGKILL)"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -signal.SIGKILL
    (line,) = schedule_faults(tmp_path)
    assert "its process is gone; the next run goes on from there" in line


def test_a_run_that_was_ended_from_outside_is_unfinished(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), recorded(tmp_path, "weekly-toy", "toy"):
        raise KeyboardInterrupt
    run = last_run(tmp_path, "weekly-toy")
    assert run is not None
    assert run.interrupted
    assert run.process.endswith(f":{os.getpid()}")


def test_the_command_exits_with_1_for_a_monitor(tmp_path: Path, heelstrike: Callable[..., Result]) -> None:
    done = heelstrike(tmp_path, "schedule", "check")
    assert (done.exit_code, done.stderr[:48]) == (1, "Nothing was deployed from this checkout; `heelst")
    write_demands(tmp_path, [WEEKLY])
    done = heelstrike(tmp_path, "schedule", "check")
    assert done.exit_code == 1
    assert "did not run" in done.stderr
    record_call(tmp_path, "weekly-toy")
    assert heelstrike(tmp_path, "schedule", "check").exit_code == 0
