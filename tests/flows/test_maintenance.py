"""Hours in which no scheduled retrain starts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.maintenance import Windows, parse_windows, wait_until_open
from flows.scheduled import Work, _between_windows
from flows.stages import run_stage
from heelstrike.errors import UserError

MONDAY = datetime(2026, 11, 30, tzinfo=UTC)


def at(text: str, days: int = 0) -> datetime:
    hour, minute = map(int, text.split(":"))
    return MONDAY + timedelta(days=days, hours=hour, minutes=minute)


def test_hours_of_working_days() -> None:
    windows = parse_windows(["Mon-Fri 07:30-18:00"])
    assert windows.closed_until(at("07:29")) is None
    assert windows.closed_until(at("07:30")) == at("18:00")
    assert windows.closed_until(at("18:00")) is None
    assert windows.closed_until(at("12:00", days=5)) is None
    assert windows.closes_at(at("18:00", days=4)) == at("07:30", days=7)


def test_hours_past_midnight_and_windows_without_a_gap_are_one() -> None:
    windows = parse_windows(["daily 22:00-06:00", "Tue 06:00-09:00", "Tue 08:00-10:00"])
    assert windows.closed_until(at("23:00")) == at("10:00", days=1)
    assert windows.closed_until(at("05:00", days=2)) == at("06:00", days=2)
    assert parse_windows(["sat,sun 00:00-24:00"]).closed_until(at("01:00", days=5)) == at("00:00", days=7)
    assert parse_windows(["Fri-Mon 10:00-11:00"]).closed_until(at("10:30")) == at("11:00")


def test_hours_are_those_of_the_wall_when_clocks_change() -> None:
    windows = parse_windows(["daily 01:00-05:00"], "Europe/Berlin")
    night = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # from 02:00 to 03:00 that night
    assert windows.closed_until(night) == datetime(2026, 3, 29, 3, 0, tzinfo=UTC)
    assert windows.closed_until(night + timedelta(days=1)) == datetime(2026, 3, 30, 3, 0, tzinfo=UTC)


@given(st.integers(0, 10079), st.integers(0, 10079))
def test_a_minute_is_closed_if_it_is_in_a_window(minute: int, other: int) -> None:
    windows = parse_windows(["Mon-Wed 22:15-03:00", "Sun 12:00-13:00"])
    moment = MONDAY + timedelta(minutes=minute)
    within = [(day * 1440 + 1335, day * 1440 + 1620) for day in (0, 1, 2)] + [(6 * 1440 + 720, 6 * 1440 + 780)]
    end = windows.closed_until(moment)
    assert (end is not None) == any(start <= minute < stop for start, stop in within)
    assert end is None or windows.closed_until(end) is None
    start = windows.closes_at(moment)
    assert start is not None
    assert windows.closed_until(start) is not None
    assert start > moment


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Mon 7:30-18:00", "expected days and hours"),
        ("Mon-Foo 07:30-18:00", "'mon-foo' are no days"),
        ("Mon 07:30-25:00", "25:00 is no time"),
        ("Mon 07:30-07:30", "has no hours"),
        ("Mon 24:00-07:30", "has no hours"),
        ("", "expected days and hours"),
    ],
)
def test_what_is_no_window_is_named(text: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        parse_windows([text])
    with pytest.raises(UserError, match="time zone 'Mars/Base': unknown"):
        parse_windows([], "Mars/Base")


def test_waiting_says_until_when_once() -> None:
    clock, lines = [at("17:58")], list[str]()

    def sleep(seconds: float) -> None:
        clock[0] += timedelta(seconds=seconds)

    wait_until_open(parse_windows(["Mon 07:30-18:00"]), lines.append, lambda: clock[0], sleep)
    assert clock[0] == at("18:00")
    assert lines == ["a maintenance window holds; the retrain starts after it, at 2026-11-30 18:00 UTC"]
    wait_until_open(parse_windows([]), lines.append)
    assert len(lines) == 1


def test_a_running_stage_is_ended_by_a_window_and_runs_again_after_it(repository: Path) -> None:
    class Soon(Windows):
        """A window that begins three seconds from now, once."""

        def closes_at(self, now: datetime) -> datetime | None:
            return now + timedelta(seconds=3) if slow.exists() else None

    slow, lines = repository / "slow", list[str]()
    slow.touch()
    work = (repository / "work.py").read_text()
    (repository / "work.py").write_text(f"import os, time\nos.path.exists('slow') and time.sleep(60)\n{work}")

    def say(line: str) -> None:
        lines.append(line)
        slow.unlink(missing_ok=True)

    def call() -> bool:
        return run_stage(repository, "first@toy", lambda event: None, say)

    limits = Work("toy", repository, 1, 1, Soon((), parse_windows([]).zone), True)
    assert _between_windows(limits, call, say)
    assert (repository / "first.toy.txt").read_text() == "good"
    assert lines == ["a maintenance window has begun, so the running stage was ended; finished work is kept"]
    assert not [one for one in psutil.process_iter(["cwd"]) if one.info["cwd"] == str(repository)]
