"""The history of a model: an append-only list of events, stored on the versions they concern.

Each event is one tag of the version, under a name that is never reused, so that every machine with access to the
registry sees the same history, on SQLite and on a server. Nothing here changes or removes an event.
"""

import getpass
import json
import os
import socket
import uuid
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict

from heelstrike.clock import utc_now
from heelstrike.registry.versions import Version
from heelstrike.settings import Strict
from pipeline.registry.store import Registry, open_registry

_PREFIX = "history."
Kind = Literal["promoted", "refused", "rolled_back", "waiting", "approved", "rejected", "retired"]
_MOVES = ("promoted", "rolled_back", "retired")

USER = "HEELSTRIKE_USER"
"""Environment variable with the name under which events are recorded; the default is the user of the machine."""


class Event(Strict):
    """An event of the history.

    Attributes:
        time: UTC, ISO 8601.
        kind: What was done.
        version: The version that was promoted, refused, restored, approved of, or retired without a successor.
        champion_before: Version number of the champion before; `None` if there was none.
        why: The reason in one line.
        by: user@machine that did it.
        evidence: SHA-256 of the decision that waits, or that a person approved or rejected; otherwise empty.
        page: SHA-256 of the page that compares both versions, of a decision by a person; empty if there is none.
    """

    model_config = ConfigDict(extra="ignore")  # what later versions of Heelstrike add

    time: str
    kind: Kind
    version: int
    champion_before: int | None
    why: str
    by: str
    evidence: str = ""
    page: str = ""

    @property
    def person(self) -> str:
        """The user without the machine: the same person on two machines is one person."""
        return person_of(self.by)

    def line(self) -> str:
        """The event as a line of text."""
        before = "none" if self.champion_before is None else str(self.champion_before)
        after = "none" if self.kind == "retired" else str(self.version)
        moved = f"champion {before} -> {after}" if self.kind in _MOVES else f"champion stays {before}"
        return f"{self.time[:19]}Z  {self.kind:<11}  version {self.version}  {moved}  {self.why}  ({self.by})"


def history(root: Path, problem: str) -> list[Event]:
    """Every event of a problem, oldest first; empty if nothing has been registered."""
    with open_registry(root, problem, create=False) as registry:
        return events(registry.versions())


def events(versions: list[Version]) -> list[Event]:
    """The events on these versions, oldest first."""
    texts = [text for version in versions for key, text in version.tags.items() if key.startswith(_PREFIX)]
    return sorted((Event.model_validate_json(text) for text in texts), key=lambda event: event.time)


def append(
    registry: Registry,
    kind: Kind,
    version: int,
    champion_before: int | None,
    why: str,
    evidence: str = "",
    *,
    by: str = "",
    page: str = "",
) -> Event:
    """Add an event, unless it equals the newest event of the version (a command was run again).

    Args:
        registry: The registry of the problem.
        kind: What was done.
        version: The version that it is about.
        champion_before: Version number of the champion before.
        why: The reason in one line.
        evidence: SHA-256 of the decision that it is about.
        by: user@machine that did it; empty for whoever runs this process.
        page: SHA-256 of the page on which a person decided.
    """
    event = Event(
        time=utc_now(),
        kind=kind,
        version=version,
        champion_before=champion_before,
        why=why,
        by=by or who(),
        evidence=evidence,
        page=page,
    )
    last = newest(registry, version)
    ignored = {"time"} if kind == "approved" else {"time", "by"}  # two people approve in the same words
    if last is not None and last.model_dump(exclude=ignored) == event.model_dump(exclude=ignored):
        return last
    key = f"{_PREFIX}{event.time.replace(':', '')}-{uuid.uuid4().hex[:6]}"
    registry.tag(version, {key: json.dumps(event.model_dump(exclude_defaults=True))})
    return event


def newest(registry: Registry, version: int) -> Event | None:
    """Return the last event about a version; `None` if there is none."""
    own = [past for past in events(registry.versions()) if past.version == version]
    return own[-1] if own else None


def champions(past: list[Event]) -> list[int]:
    """The champions that a rollback can go back through, oldest first; the last one is the present champion.

    A promotion adds its version; a rollback removes the versions after the one it restores; if a champion was retired
    without a successor, nothing is left to go back to. If an event does not follow
    from the one before (somebody moved the alias by hand), the champion that the event recorded is added.
    """
    line: list[int] = []
    for event in past:
        if event.kind not in _MOVES:
            continue
        if event.champion_before is not None and line[-1:] != [event.champion_before]:
            line.append(event.champion_before)
        if event.kind == "retired":
            line = []
        elif event.kind == "promoted":
            if line[-1:] != [event.version]:
                line.append(event.version)
        else:
            while line and line[-1] != event.version:
                line.pop()
            line = line or [event.version]
    return line


def person_of(by: str) -> str:
    """Return the user of user@machine."""
    return by.rpartition("@")[0]


def who(user: str | None = None) -> str:
    """Return who acts, as user@machine.

    Args:
        user: Who has logged in to a service on this machine; `None` for whoever runs this process.
    """
    try:
        user = user or os.environ.get(USER) or getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
