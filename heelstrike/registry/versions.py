"""Registered models, their versions, and references to versions."""

import re
from dataclasses import dataclass, field
from typing import Self

from heelstrike.clock import utc
from heelstrike.errors import UserError

CHAMPION, CHALLENGER = "champion", "challenger"
PACKAGE_TAG = "heelstrike.package"

_NAME = r"[\w-]+"
_REFERENCE = re.compile(rf"(?P<name>{_NAME})(?:@(?P<alias>{_NAME})|/(?P<number>\d{{1,9}}))?")


@dataclass(frozen=True)
class Version:
    """A version of a registered model.

    Attributes:
        problem: Name of the registered model.
        number: Number of the version.
        package: Digest of the version's package; empty if Heelstrike did not register the version.
        run_id: MLflow run of the retrain that made the version.
        tags: The version's tags.
        created: When the version was registered, in UTC; `None` if unknown.
    """

    problem: str
    number: int
    package: str
    run_id: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    created: str | None = None

    @classmethod
    def of(
        cls, name: str, number: str | int, run_id: str | None, tags: dict[str, str], created_ms: int | None = None
    ) -> Self:
        """Make a version from an entry of MLflow, whose tags hold the package's digest."""
        created = None if created_ms is None else utc(created_ms / 1000)
        return cls(name, int(number), tags.get(PACKAGE_TAG, ""), run_id or None, tags, created)

    @property
    def reference(self) -> str:
        """The version as a reference: `rearfoot/3`."""
        return f"{self.problem}/{self.number}"


@dataclass(frozen=True)
class RegisteredModel:
    """A registered model.

    Attributes:
        name: Name of the problem.
        aliases: Version number of each alias.
    """

    name: str
    aliases: dict[str, int]


@dataclass(frozen=True)
class Reference:
    """A reference to a version of a registered model, by number or by alias.

    Attributes:
        name: Name of the registered model.
        alias: Alias of the version; ignored if there is a number.
        number: Number of the version; `None` for a reference by alias.
    """

    name: str
    alias: str = CHAMPION
    number: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `rearfoot@champion`, `rearfoot` (the same) or `rearfoot/3`.

        Raises:
            UserError: The text has another form.
        """
        match = _REFERENCE.fullmatch(text)
        if not match:
            raise UserError(
                f"{text!r}: not a reference to a model; expected NAME@champion, NAME or NAME/3. "
                "A package folder is given with --package FOLDER (in Python: package=FOLDER)"
            )
        return cls(match["name"], match["alias"] or CHAMPION, int(match["number"]) if match["number"] else None)


def run_is_gone(version: Version) -> UserError:
    """Return the error for a version whose run is asked for and was deleted."""
    return UserError(f"{version.reference}: the MLflow run that made it was deleted, and its files with it")


def is_model_name(name: str) -> bool:
    """Return True if this is the name of a model. The lock of a promotion is a registered model whose name is not."""
    return re.fullmatch(_NAME, name) is not None
