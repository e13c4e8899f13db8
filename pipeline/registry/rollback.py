"""Rollback: the previous champion becomes the champion again, after its package was verified."""

from dataclasses import dataclass
from pathlib import Path

from heelstrike.clock import utc_now
from heelstrike.errors import UserError
from heelstrike.registry.pull import fetch
from heelstrike.registry.versions import CHAMPION
from pipeline.registry.description import describe
from pipeline.registry.history import append, champions, events
from pipeline.registry.promote import stored_decision
from pipeline.registry.promotion_lock import promotion_lock
from pipeline.registry.store import ROLLED_BACK_TAG, open_registry


@dataclass(frozen=True)
class Rollback:
    """A rollback: the version that is no longer champion, and the restored one."""

    problem: str
    taken_back: int
    restored: int

    def __str__(self) -> str:
        return (
            f"{self.problem}: the champion is version {self.restored} again (its package was fetched and verified); "
            f"version {self.taken_back} was rolled back and will not be promoted again"
        )


def rollback(problem: str, root: Path) -> Rollback:
    """Make the previous champion the champion again, after its package was fetched and its hashes checked.

    The version rolled back cannot be promoted again; a new candidate can.

    Raises:
        UserError: There is no champion, none before it, or the previous one's package is damaged or gone.
    """
    with open_registry(root, problem, create=False) as registry, promotion_lock(registry):
        now = registry.aliases().get(CHAMPION)
        if now is None:
            raise UserError(
                f"{problem}: has no champion, so nothing to roll back; `heelstrike retrain {problem}` makes one"
            )
        past_champions = champions(events(registry.versions()))
        before = past_champions
        if now in past_champions:  # a version can be champion twice; what counts is the last time
            before = past_champions[: -1 - past_champions[::-1].index(now)]
        if not before:
            raise UserError(
                f"{problem}: version {now} is the first champion, there is none before it to restore; "
                "retrain, or pin your consumers to a folder"
            )
        previous = registry.version(before[-1])
        fetch(registry.reader, previous)
        time = utc_now()
        registry.tag(now, {ROLLED_BACK_TAG: time})
        event = f"Rolled back {time[:16].replace('T', ' ')} UTC."
        describe(registry, now, stored_decision(registry.version(now)), event)
        append(registry, "rolled_back", previous.number, now, f"version {now} rolled back")
        registry.set_alias(CHAMPION, previous.number)
        return Rollback(problem, now, previous.number)
