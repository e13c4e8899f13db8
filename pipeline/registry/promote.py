"""Promotion: the only place that moves the champion forward, and only if every gate passed.

If the settings require it, a candidate that passed waits until people approve it (`approval`). Nothing runs meanwhile:
that it waits is an event on its version.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from heelstrike.errors import UserError
from heelstrike.registry.versions import CHAMPION, Version
from pipeline.registry.approval_state import approvals, rejection
from pipeline.registry.decision import Decision
from pipeline.registry.description import describe
from pipeline.registry.history import append, newest
from pipeline.registry.promotion_lock import promotion_lock
from pipeline.registry.store import DECISION_TAG, OLD_DECISION_TAG, ROLLED_BACK_TAG, Registry, open_registry
from pipeline.tracking.tags import VERDICT_TAG


@dataclass(frozen=True)
class PromotionResult:
    """The outcome for a candidate.

    Attributes:
        kind: `promoted`, `refused`, `waiting` for the approval of people, or `already` if it was the champion before.
        version: The candidate.
        champion_before: Version number of the champion before; `None` if there was none.
        why: The reason in one line.
        repeated: True if this very refusal was recorded before.
    """

    kind: Literal["promoted", "refused", "waiting", "already"]
    version: int
    champion_before: int | None
    why: str
    repeated: bool = False


def stored_decision(version: Version) -> Decision | None:
    """The last decision on a version, from its tags; `None` if there is none."""
    text = version.tags.get(DECISION_TAG) or version.tags.get(OLD_DECISION_TAG)
    return Decision.model_validate_json(text) if text else None


def promote(root: Path, decision: Decision) -> PromotionResult:
    """Record a decision on its version, and move `champion` there if every gate passed.

    A repeated call with the same decision, for instance after a kill, ends in the same state and adds nothing.

    Raises:
        UserError: The champion is not the one that the decision compared with, or the version holds another package.
    """
    with open_registry(root, decision.problem) as registry, promotion_lock(registry):
        version = registry.version(decision.challenger)
        if version.package != decision.challenger_package:
            raise UserError(
                f"{version.reference}: holds the package {version.package[:12]}, but the decision is about "
                f"{decision.challenger_package[:12]}; judge it again"
            )
        champion = registry.aliases().get(CHAMPION)
        if champion == version.number:
            return PromotionResult("already", version.number, decision.champion, "it is the champion already")
        if champion != decision.champion:
            raise UserError(
                f"{decision.problem}: the champion is now version {champion}, but the decision compared with "
                f"{decision.champion}; somebody else promoted meanwhile. Run the same command again to judge afresh"
            )
        _record(registry, decision)
        refusal = "; ".join(decision.failures) or _standing_refusal(version)
        if refusal:
            before = newest(registry, version.number)
            repeated = append(registry, "refused", version.number, champion, refusal) == before
            return PromotionResult("refused", version.number, champion, refusal, repeated)
        return settle(registry, decision)


def settle(registry: Registry, decision: Decision) -> PromotionResult:
    """Move `champion` to a version that passed every gate, or record that it waits for people; within the lock."""
    number, champion = decision.challenger, decision.champion
    given = approvals(registry.version(number), decision)
    if len(given) < decision.approvers:
        why = f"{len(given)} of {decision.approvers} approvals"
        if not given:
            append(registry, "waiting", number, champion, why, decision.evidence)
        return PromotionResult("waiting", number, champion, why)
    why = next(gate.reason for gate in decision.gates if gate.name == "comparison")
    # the event is written first: after a kill in between, the next call finds it and only moves the alias
    append(registry, "promoted", number, champion, why, decision.evidence if decision.approvers else "")
    registry.set_alias(CHAMPION, number)
    return PromotionResult("promoted", number, champion, why)


def _standing_refusal(version: Version) -> str:
    """Why a version is not promoted although it passed; empty if nothing speaks against it."""
    if ROLLED_BACK_TAG in version.tags:
        return f"was rolled back {version.tags[ROLLED_BACK_TAG]}"
    rejected = rejection(version)
    return f"was rejected by {rejected.by}: {rejected.why}" if rejected else ""


def _record(registry: Registry, decision: Decision) -> None:
    """Write decision and numbers as tags and description of the version; few tags, since the UI lists them all."""
    numbers = {gate.name: gate.numbers for gate in decision.gates}
    compared = numbers.get("comparison", {})
    listed = {
        **{key: value for key, value in numbers.get("error", {}).items() if key != "limit"},
        **{key: value for key, value in compared.items() if key.startswith("champion_")},
        "better_than_champion": compared.get("confidence"),
        "measurement_median": numbers.get("measurement", {}).get("median"),
        "latency_ms": numbers.get("latency", {}).get("ms"),
    }
    tags = {name: f"{value:.4g}" for name, value in listed.items() if value is not None}
    registry.tag(decision.challenger, {VERDICT_TAG: decision.verdict, **tags, DECISION_TAG: decision.model_dump_json()})
    describe(registry, decision.challenger, decision)
