"""Approval: people decide on a candidate that passed every gate.

The registry holds who decided, when, why and on what evidence.

A decision holds only for the champion and the test split that it is about. If one of them has changed since, it is
stale: nobody can approve it, and the candidate has to be judged afresh.
"""

from dataclasses import dataclass
from pathlib import Path

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from heelstrike.registry.versions import CHAMPION, Version
from pipeline.layout import Layout
from pipeline.registry.approval_state import approvals, awaits, rejection
from pipeline.registry.decision import Decision
from pipeline.registry.description import describe
from pipeline.registry.history import Event, append, person_of, who
from pipeline.registry.promote import PromotionResult, settle, stored_decision
from pipeline.registry.promotion_lock import promotion_lock
from pipeline.registry.store import Registry, open_registry

_PULL = "`dvc pull` gets it"


class StaleDecisionError(UserError):
    """The decision is about another champion or test split than today's."""


@dataclass(frozen=True)
class Waiting:
    """A candidate that waits for people.

    Attributes:
        version: The candidate.
        decision: What they are asked to approve.
        given: The approvals so far.
        stale: Why it has to be judged afresh; `None` if it does not.
    """

    version: Version
    decision: Decision
    given: list[Event]
    stale: str | None


def approve(layout: Layout, number: int, why: str = "", *, by: str = "", page: str | None = None) -> PromotionResult:
    """Approve a candidate, and make it the champion if that was the last approval needed.

    A repeated call by the same person, for instance after a kill, adds nothing and goes on.

    Args:
        layout: Paths of today's test split, and the problem.
        number: Version number of the candidate.
        why: What the person wants to be remembered.
        by: user@machine of the person; empty for whoever runs this process.
        page: SHA-256 of the comparison that the person has looked at; `None` if that is not known.

    Raises:
        StaleDecisionError: Champion or test split have changed since the decision.
        UserError: The candidate does not wait for approval, the decision names another page, or this person may not
            approve it.
    """
    with open_registry(layout.root, layout.problem, create=False) as registry, promotion_lock(registry):
        version, decision = _awaiting(registry, number)
        _check_page(version, decision, page)
        if not _test_split(layout).is_file():
            raise UserError(
                f"{_test_split(layout)}: not there, so it is not known whether the decision is stale; {_PULL}"
            )
        if (reason := _stale(decision, registry, layout)) is not None:
            raise StaleDecisionError(f"{version.reference}: the decision is stale: {reason}")
        person = by or who()
        if decision.four_eyes and person_of(person) == person_of(decision.started_by):
            raise UserError(
                f"{version.reference}: {person} started its retrain and cannot approve it (gates.four_eyes); another "
                "person has to"
            )
        given = approvals(version, decision)
        if person_of(person) not in {event.person for event in given}:
            seen = {"by": person, "page": decision.comparison_page}
            append(registry, "approved", number, decision.champion, why or "approved", decision.evidence, **seen)
        elif len(given) < decision.approvers:
            raise UserError(
                f"{version.reference}: {person} has approved it already ({len(given)} of {decision.approvers}); "
                "another person has to"
            )
        result = settle(registry, decision)
        describe(registry, number, decision, _signatures(registry.version(number), decision))
        return result


def reject(layout: Layout, number: int, why: str, *, by: str = "", page: str | None = None) -> Event:
    """Reject a candidate for good. A decision that is stale can be rejected too.

    Args:
        layout: The problem.
        number: Version number of the candidate.
        why: The reason.
        by: As in `approve`.
        page: As in `approve`.

    Raises:
        UserError: The candidate does not wait for approval, the decision names another page, or no reason is given.
    """
    if not why.strip():
        raise UserError("a rejection needs a reason: --why 'markers of small feet are off'")
    with open_registry(layout.root, layout.problem, create=False) as registry, promotion_lock(registry):
        version, decision = _awaiting(registry, number)
        _check_page(version, decision, page)
        champion = registry.aliases().get(CHAMPION)
        seen = {"by": by, "page": decision.comparison_page}
        event = append(registry, "rejected", version.number, champion, why, decision.evidence, **seen)
        describe(registry, number, decision, f"Rejected by {event.by}: {why}")
        return event


def waiting(layout: Layout) -> list[Waiting]:
    """Every candidate of a problem that waits for people, oldest first."""
    with open_registry(layout.root, layout.problem, create=False) as registry:
        entries, champion = list[Waiting](), registry.aliases().get(CHAMPION)
        for version in registry.versions():
            decision = stored_decision(version)
            if decision is not None and awaits(version, decision, champion):
                stale = _stale(decision, registry, layout)
                entries.append(Waiting(version, decision, approvals(version, decision), stale))
        return entries


def _awaiting(registry: Registry, number: int) -> tuple[Version, Decision]:
    version, champion = registry.version(number), registry.aliases().get(CHAMPION)
    decision = stored_decision(version)
    if decision is not None and awaits(version, decision, champion):
        return version, decision
    if decision is None:
        state = "it was not judged yet"
    elif champion == number:
        state = "it is the champion"
    elif (rejected := rejection(version)) is not None:
        state = f"it was rejected by {rejected.by}: {rejected.why}"
    else:
        state = "; ".join(decision.failures) or "it was promoted already, or without approval (gates.approval)"
    raise UserError(
        f"{version.reference} does not wait for approval: {state}. `heelstrike approvals` lists those that do"
    )


def _check_page(version: Version, decision: Decision, page: str | None) -> None:
    if page is not None and page != decision.comparison_page:
        raise UserError(
            f"{version.reference}: it was judged afresh since this page was opened, and another page compares it now; "
            "open it again and look at that one"
        )


def _stale(decision: Decision, registry: Registry, layout: Layout) -> str | None:
    champion = registry.aliased(CHAMPION)
    package = None if champion is None else champion.package
    if package != decision.champion_package:
        now = "there is none" if champion is None else f"it is version {champion.number}"
        return f"it compared with champion version {decision.champion}, and now {now}"
    split = _test_split(layout)
    if not split.is_file():
        return f"perhaps: today's test split is not in this checkout; {_PULL}"
    if file_digest(split) != decision.test_split:
        return f"it is about the test split {decision.test_split[:8]}, and today's is {file_digest(split)[:8]}"
    return None


def _test_split(layout: Layout) -> Path:
    return layout.out("split") / "test.json"


def _signatures(version: Version, decision: Decision) -> str:
    """Who approved the decision, as a list for the version's page."""
    lines = [
        f"- Approved by {event.by}, {event.time[:16].replace('T', ' ')} UTC: {event.why}"
        for event in approvals(version, decision)
    ]
    page = f", page {decision.comparison_page}" if decision.comparison_page else ""
    return "\n".join([*lines, f"- Evidence: decision {decision.evidence}{page}"])
