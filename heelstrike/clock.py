"""The time as files and tags state it."""

from datetime import UTC, datetime


def utc_now() -> str:
    """The time in UTC to the microsecond, ISO 8601; sorts as text."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
