"""The end of a champion that learned from a person who withdrew."""

from pathlib import Path

from heelstrike.clock import utc_now
from heelstrike.registry.pull import fetch
from heelstrike.registry.versions import CHAMPION, Version
from pipeline.registry.history import append, champions, events
from pipeline.registry.promotion_lock import promotion_lock
from pipeline.registry.store import ROLLED_BACK_TAG, open_registry
from pipeline.tracking.tags import LEARNED, WITHDRAWN_TAG


def learned_from_withdrawn(version: Version) -> bool:
    """Return True if a version's weights depend on a person who withdrew."""
    return version.tags.get(WITHDRAWN_TAG, "").startswith(LEARNED)


def retire(problem: str, root: Path) -> str:
    """Take the place from a champion that learned from a person who withdrew.

    The newest champion before it that did not becomes the champion, after its package was fetched and verified. If
    there is none, the model has no champion until the next promotion; consumers go on with what they have pulled.
    A repeated call, for instance after a kill, ends in the same state.

    Returns:
        A line about what was done; empty if the champion learned from no such person, or there is none.

    Raises:
        UserError: The package of the earlier champion is damaged or gone.
    """
    with open_registry(root, problem, create=False) as registry, promotion_lock(registry):
        now = registry.aliased(CHAMPION)
        if now is None or not learned_from_withdrawn(now):
            return ""
        earlier = [registry.version(number) for number in champions(events(registry.versions()))]
        successor = next((one for one in reversed(earlier) if not learned_from_withdrawn(one)), None)
        why = f"version {now.number} {now.tags[WITHDRAWN_TAG]}"
        if successor is not None:
            fetch(registry.reader, successor)
        registry.tag(now.number, {ROLLED_BACK_TAG: utc_now()})
        if successor is None:
            append(registry, "retired", now.number, now.number, why)
            registry.client.delete_registered_model_alias(problem, CHAMPION)
            return f"{why}; {problem} has no champion until a retrain promotes one"
        append(registry, "rolled_back", successor.number, now.number, why)
        registry.set_alias(CHAMPION, successor.number)
        return f"{why}; the champion is version {successor.number} again"
