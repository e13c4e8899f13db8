"""What a registry holds: registered models, their versions, and how a reference names one of them."""

import re
from dataclasses import dataclass, field
from typing import Self

from heelstrike.errors import UserError

CHAMPION, CHALLENGER = "champion", "challenger"
PACKAGE_TAG = "heelstrike.package"

_NAME = r"[\w-]+"
_REFERENCE = re.compile(rf"(?P<name>{_NAME})(?:@(?P<alias>{_NAME})|/(?P<number>\d+))?")


@dataclass(frozen=True)
class Version:
    """A version of a registered model.

    Attributes:
        problem: The registered model's name.
        number: The version's number.
        package: Digest of its package's manifest; empty where the version was not registered by Heelstrike.
        run_id: The MLflow run of the retrain that made it.
        tags: The version's tags.
    """

    problem: str
    number: int
    package: str
    run_id: str | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, number: str | int, run_id: str | None, tags: dict[str, str]) -> Self:
        """The version of an MLflow entry, whose tags hold the package's digest."""
        return cls(name, int(number), tags.get(PACKAGE_TAG, ""), run_id or None, tags)

    @property
    def reference(self) -> str:
        """`rearfoot/3`."""
        return f"{self.problem}/{self.number}"


@dataclass(frozen=True)
class RegisteredModel:
    """A registered model.

    Attributes:
        name: The problem's name.
        aliases: Version number by alias.
    """

    name: str
    aliases: dict[str, int]


@dataclass(frozen=True)
class Reference:
    """Names a version of a registered model, by number or by alias.

    Attributes:
        name: The registered model's name.
        alias: Used where there is no number.
        number: The version's number.
    """

    name: str
    alias: str = CHAMPION
    number: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `rearfoot@champion`, `rearfoot` (the same) or `rearfoot/3`.

        Raises:
            UserError: It is none of these.
        """
        match = _REFERENCE.fullmatch(text)
        if not match:
            raise UserError(
                f"{text!r}: not a model of the registry; expected NAME@champion, NAME or NAME/3. "
                "A package folder is given with --package FOLDER (in Python: package=FOLDER)"
            )
        return cls(match["name"], match["alias"] or CHAMPION, int(match["number"]) if match["number"] else None)


def is_model_name(name: str) -> bool:
    """Whether a registered model of this name can be referred to; the name of a promotion's lock cannot."""
    return re.fullmatch(_NAME, name) is not None
