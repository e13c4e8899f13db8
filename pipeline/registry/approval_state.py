"""What people have said about a decision, read from the events on its version."""

from heelstrike.registry.versions import Version
from pipeline.registry.decision import Decision
from pipeline.registry.history import Event, events


def approvals(version: Version, decision: Decision) -> list[Event]:
    """The approvals of a decision, one for each person, oldest first. Approvals of an earlier decision do not count."""
    by_person: dict[str, Event] = {}
    for event in events([version]):
        if event.kind == "approved" and event.evidence == decision.digest:
            by_person.setdefault(event.person, event)
    return list(by_person.values())


def rejection(version: Version) -> Event | None:
    """The event by which a person rejected the version; `None` if nobody did."""
    return next((event for event in events([version]) if event.kind == "rejected"), None)


def awaits(version: Version, decision: Decision) -> bool:
    """Return True if a decision waits for people: its version passed, and was neither promoted nor rejected since."""
    past = events([version])
    if not past or not decision.passed or not decision.approvers:
        return False
    return past[-1].kind in ("waiting", "approved") and past[-1].evidence == decision.digest
