"""Maintenance windows: hours of the week in which no scheduled retrain starts, such as `Mon-Fri 07:30-18:00`."""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as TimeOfDay
from zoneinfo import ZoneInfo

from heelstrike.errors import UserError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"(?P<days>[a-z,-]+) +(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d)")
_FORM = "expected days and hours such as `Mon-Fri 07:30-18:00`, `Sat,Sun 00:00-24:00` or `daily 22:00-06:00`"
_LOOK_S = 60  # the clock may be set, and a machine may sleep


@dataclass(frozen=True)
class Window:
    """Hours of some days of the week; hours that end before they start end on the next day.

    Attributes:
        days: Days on which it starts, 0 for Monday.
        start: Local time of its start.
        minutes: Its length.
    """

    days: frozenset[int]
    start: TimeOfDay
    minutes: int


@dataclass(frozen=True)
class Windows:
    """The windows of a schedule.

    Attributes:
        windows: The windows.
        zone: The time zone of their hours; when clocks change, the hours are those that people see.
    """

    windows: tuple[Window, ...]
    zone: ZoneInfo

    def closed_until(self, now: datetime) -> datetime | None:
        """Return when the windows that hold now, and those that follow without a gap, end; `None` if none holds.

        Args:
            now: A time with a time zone.
        """
        end: datetime | None = None
        for start, stop in self._around(now):  # by their starts
            if start <= (end or now) < stop:
                end = stop
        return end

    def closes_at(self, now: datetime) -> datetime | None:
        """Return when the next window starts; `None` if there is none."""
        return next((start for start, _ in self._around(now) if start > now), None)

    def _around(self, now: datetime) -> list[tuple[datetime, datetime]]:
        """Return start and end of each window from yesterday to the same day of the next week, UTC, by their starts."""
        spans, today = [], now.astimezone(self.zone).date()
        for offset in range(-1, 9):
            day = today + timedelta(days=offset)
            for window in (one for one in self.windows if day.weekday() in one.days):
                start = datetime.combine(day, window.start)
                end = start + timedelta(minutes=window.minutes)  # by the clock on the wall
                local = (moment.replace(tzinfo=self.zone).astimezone(UTC) for moment in (start, end))
                spans.append((next(local), next(local)))
        return sorted(spans)


def parse_windows(texts: Iterable[str], timezone: str = "UTC") -> Windows:
    """Return the windows that texts of prefect.yaml stand for.

    Raises:
        UserError: A text is no window, or the time zone is unknown.
    """
    try:
        zone = ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        raise UserError(f"time zone {timezone!r}: unknown; expected a name such as Europe/Berlin") from None
    return Windows(tuple(_parse(text) for text in texts), zone)


def wait_until_open(
    windows: Windows,
    say: Callable[[str], None],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Wait until no window holds.

    Args:
        windows: The windows.
        say: Called with one line if there is something to wait for.
        now: Returns the present time.
        sleep: Waits so many seconds.
    """
    told: datetime | None = None
    while (end := windows.closed_until(now())) is not None:
        if end != told:
            say(f"a maintenance window holds; the retrain starts after it, at {end:%Y-%m-%d %H:%M} UTC")
            told = end
        sleep(min(_LOOK_S, max(1.0, (end - now()).total_seconds())))


def _parse(text: str) -> Window:
    match = _WINDOW.fullmatch(text.strip().lower())
    if match is None:
        raise UserError(f"maintenance window {text!r}: {_FORM}")
    start, end = (_minutes(match[name], text) for name in ("start", "end"))
    if start == 24 * 60 or start == end:
        raise UserError(f"maintenance window {text!r}: has no hours; {_FORM}")
    return Window(
        frozenset(day for part in match["days"].split(",") for day in _days(part, text)),
        TimeOfDay(start // 60, start % 60),
        (end - start) % (24 * 60) or 24 * 60,
    )


def _minutes(clock: str, text: str) -> int:
    hours, minutes = map(int, clock.split(":"))
    if minutes > 59 or hours * 60 + minutes > 24 * 60:
        raise UserError(f"maintenance window {text!r}: {clock} is no time; {_FORM}")
    return hours * 60 + minutes


def _days(part: str, text: str) -> list[int]:
    if part == "daily":
        return list(range(7))
    names = part.split("-")
    if not 1 <= len(names) <= 2 or not set(names) <= set(_DAYS):
        raise UserError(f"maintenance window {text!r}: {part!r} are no days; {_FORM}")
    first, last = _DAYS.index(names[0]), _DAYS.index(names[-1])
    return [(first + step) % 7 for step in range((last - first) % 7 + 1)]
