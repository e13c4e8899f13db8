"""The account of a test split: which comparisons it has decided, and on which people.

Every comparison is a tag of the registered model (not of a version, which may be deleted), so all machines count the
same ones, and a restored registry still does. People are stored as short digests of their names. A candidate that is
judged again on the same split against the same champion is the same comparison and is counted once.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from heelstrike.settings import Strict
from pipeline.registry.store import Registry

_PREFIX = "heelstrike.comparison."
_DIGITS = 8
_MOST_PEOPLE = 512  # of more people those with the smallest digests: the same sample for all splits


class Comparison(Strict):
    """One comparison of a challenger with a champion.

    Attributes:
        time: UTC, ISO 8601.
        challenger: Version number.
        challenger_package: Digest of its package.
        champion_package: Digest of the champion's package.
        test_split: Digest of the test split.
        people: Digests of the test people, eight digits each.
        uses: Number of comparisons on the same people before this one.
        needed: The confidence that was needed.
        confidence: The confidence that was reached.
    """

    time: str
    challenger: int
    challenger_package: str
    champion_package: str
    test_split: str
    people: str
    uses: float
    needed: float
    confidence: float

    @property
    def key(self) -> str:
        """Name of its tag, which is the same if the same comparison is made again."""
        return tag_of(self.challenger_package, self.champion_package, self.test_split)


@dataclass(frozen=True)
class Standing:
    """What a test split has been used for when a comparison is made on it.

    Attributes:
        uses: Number of earlier comparisons on the same people; one that shared half of the people counts half.
        new_people: Number of people who were in none of them.
    """

    uses: float = 0.0
    new_people: int = 0


def tag_of(challenger_package: str, champion_package: str, test_split: str) -> str:
    """Name of the tag of a comparison."""
    text = f"{challenger_package} {champion_package} {test_split}"
    return _PREFIX + hashlib.sha256(text.encode()).hexdigest()[:16]


def people_digests(problem: str, people: Iterable[str]) -> str:
    """Sorted digests of people, joined."""
    digests = {hashlib.sha256(f"{problem}/{person}".encode()).hexdigest()[:_DIGITS] for person in people}
    return "".join(sorted(digests)[:_MOST_PEOPLE])


def comparisons(registry: Registry) -> dict[str, Comparison]:
    """Every comparison of a problem by the name of its tag."""
    tags = registry.model_tags()
    return {key: Comparison.model_validate_json(text) for key, text in tags.items() if key.startswith(_PREFIX)}


def standing(past: dict[str, Comparison], key: str, people: str) -> Standing:
    """What the account says of a comparison that is about to be made.

    Args:
        past: Every comparison so far.
        key: Name of the tag of this comparison; if it was made before, its place in the account stays.
        people: Digests of the test people (`people_digests`).
    """
    if key in past:
        return Standing(past[key].uses, 0)
    own = _split(people)
    others = [_split(comparison.people) for comparison in past.values()]
    used = set[str]().union(*others)
    return Standing(sum(_share(own, other) for other in others), len(own - used))


def spend(registry: Registry, comparison: Comparison) -> None:
    """Enter a comparison in the account, once."""
    if comparison.key not in registry.model_tags():
        registry.tag_model({comparison.key: comparison.model_dump_json()})


def _split(people: str) -> set[str]:
    return {people[start : start + _DIGITS] for start in range(0, len(people), _DIGITS)}


def _share(own: set[str], other: set[str]) -> float:
    """Share of our people who are in another split, within the range of digests that both store."""
    ranges = [max(side) for side in (own, other) if len(side) == _MOST_PEOPLE]
    top = min(ranges, default="g")
    within = {digest for digest in own if digest <= top}
    return len(within & other) / len(within) if within else 0.0
