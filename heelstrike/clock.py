"""Times as they are written to files and tags."""

import time
from datetime import UTC, datetime


def utc_now() -> str:
    """Return the current time in UTC as ISO 8601 with microseconds, so that times sort as text."""
    return utc(time.time())


def utc(seconds: float) -> str:
    """Return a time in seconds since 1970 as `utc_now` does."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
