"""The current time as it is written to files and tags."""

from datetime import UTC, datetime


def utc_now() -> str:
    """Return the current time in UTC as ISO 8601 with microseconds, so that times sort as text."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
