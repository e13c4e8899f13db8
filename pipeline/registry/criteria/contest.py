"""What the gates compare: a challenger with the champion."""

from dataclasses import dataclass, field
from pathlib import Path

from heelstrike.package.manifest import Manifest
from pipeline.package.disturbed.result import Disturbed
from pipeline.params import ProblemParams
from pipeline.registry.account import Standing
from pipeline.registry.examine import Examination

Verdict = tuple[bool, str, dict[str, float]]
"""True if the gate passed, the reason in one line, and its numbers."""


@dataclass(frozen=True)
class Contestant:
    """One of the two compared packages.

    Attributes:
        folder: Its folder.
        manifest: Its manifest.
        examined: Its examination on the test split.
        disturbed: What it answered on disturbed pictures of that split; `None` if it was not shown any.
    """

    folder: Path
    manifest: Manifest
    examined: Examination
    disturbed: Disturbed | None = None


@dataclass(frozen=True)
class Screen:
    """The comparison on the validation split, which says whether the test split is used.

    Attributes:
        people: Number of people of the validation split.
        confidence: Confidence that the challenger is better on them.
        needed: The confidence that is needed (`gates.screen`).
    """

    people: int
    confidence: float
    needed: float

    @property
    def passed(self) -> bool:
        """True if the test split is used."""
        return self.confidence >= self.needed

    def __str__(self) -> str:
        """Return the reason why the test split is not used."""
        return (
            f"not better on the {self.people} people of the validation split (confidence {self.confidence:.3f}, at "
            f"least {self.needed:g}), so the test split was not used"
        )


@dataclass(frozen=True)
class Contest:
    """Everything that gates may use.

    Attributes:
        params: The problem's params.
        challenger: The candidate.
        champion: The current champion; `None` if there is none.
        validation: The validate stage's result file.
        rolled_back: Time at which a rollback removed the challenger as champion; `None` if it never did.
        standing: What the test split has been used for before.
        screen: The comparison on the validation split; `None` if there is none.
        retiring: Why the champion is replaced by the next candidate that passes the other gates, whether or not it is
            better; empty if it is not.
    """

    params: ProblemParams
    challenger: Contestant
    champion: Contestant | None
    validation: Path
    rolled_back: str | None = None
    standing: Standing = field(default_factory=Standing)
    screen: Screen | None = None
    retiring: str = ""
