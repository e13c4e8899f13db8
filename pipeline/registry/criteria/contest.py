"""What the gates compare: a challenger with the champion."""

from dataclasses import dataclass
from pathlib import Path

from heelstrike.package.manifest import Manifest
from pipeline.package.disturbed.result import Disturbed
from pipeline.params import ProblemParams
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
class Contest:
    """Everything that gates may use.

    Attributes:
        params: The problem's params.
        challenger: The candidate.
        champion: The current champion; `None` if there is none.
        validation: The validate stage's result file.
        rolled_back: Time at which a rollback removed the challenger as champion; `None` if it never did.
    """

    params: ProblemParams
    challenger: Contestant
    champion: Contestant | None
    validation: Path
    rolled_back: str | None = None
