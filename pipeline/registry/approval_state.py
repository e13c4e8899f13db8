"""What people have said about a decision, read from the events on its version."""

from heelstrike.registry.versions import Version
from pipeline.registry.decision import Decision
from pipeline.registry.history import Event, events
from pipeline.registry.store import ROLLED_BACK_TAG


def approvals(version: Version, decision: Decision) -> list[Event]:
    """The approvals of a decision, one for each person, oldest first. Approvals of an earlier decision do not count."""
    by_person: dict[str, Event] = {}
    for event in events([version]):
        if event.kind == "approved" and event.evidence == decision.evidence:
            by_person.setdefault(event.person, event)
    return list(by_person.values())


def rejection(version: Version) -> Event | None:
    """The event by which a person rejected the version; `None` if nobody did."""
    return next((event for event in events([version]) if event.kind == "rejected"), None)


def awaits(version: Version, decision: Decision, champion: int | None) -> bool:
    """Return True if a decision waits for people.

    Its version passed, and was neither promoted nor rejected since. A promotion that was killed before it had moved the
    champion still waits, so that the same person can go on.

    Args:
        version: The candidate.
        decision: The last decision on it.
        champion: Version number of the champion; `None` if there is none.
    """
    past = events([version])
    if not past or not decision.passed or not decision.approvers or past[-1].evidence != decision.evidence:
        return False
    last = past[-1]
    if last.kind == "promoted":
        return last.champion_before == champion and ROLLED_BACK_TAG not in version.tags
    return last.kind in ("waiting", "approved")
