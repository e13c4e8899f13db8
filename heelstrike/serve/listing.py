"""The versions of models as the registry last described them, and which of them a reference stands for."""

from http import HTTPStatus

from heelstrike.errors import UserError
from heelstrike.registry.versions import CHAMPION, Reference, RegisteredModel, Version
from heelstrike.serve.problems import RequestError
from heelstrike.serve.records import Record


class KnownVersion(Record):
    """A version of a model, as the registry last described it."""

    problem: str
    number: int | None
    package: str
    created: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """The version as a reference: `rearfoot/3`; the name alone for a package folder."""
        return self.problem if self.number is None else f"{self.problem}/{self.number}"

    @property
    def is_main(self) -> bool:
        """True for a champion and for a package folder: what is used if nothing else is asked for."""
        return self.number is None or CHAMPION in self.aliases


class Listing(Record):
    """All versions that the registry has of the models that are served."""

    uri: str = ""
    versions: tuple[KnownVersion, ...] = ()

    def find(self, reference: str | None) -> KnownVersion:
        """Return the version that a reference stands for.

        Args:
            reference: As for `heelstrike.load`; `None` means the only champion.

        Raises:
            RequestError: There is no such version, or there is more than one champion and none is named.
        """
        if reference is None:
            champions = [version for version in self.versions if version.is_main]
            if len(champions) != 1:
                raise self._no_model(f"{len(champions)} models have a champion; name one")
            return champions[0]
        try:
            wanted = Reference.parse(reference)
        except UserError as error:
            raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
        for version in self.versions:
            by_number = wanted.number is not None and version.number == wanted.number
            by_alias = wanted.number is None and (version.number is None or wanted.alias in version.aliases)
            if version.problem == wanted.name and (by_number or by_alias):
                return version
        raise self._no_model(f"{reference}: no such model is served")

    def _no_model(self, problem: str) -> RequestError:
        names = ", ".join(version.reference for version in self.versions) or "no model"
        return RequestError(HTTPStatus.NOT_FOUND, f"{problem}; there are {names}")


def described(model: RegisteredModel, versions: list[Version]) -> list[KnownVersion]:
    """Return all versions of a model with the aliases that point to them."""
    return [
        KnownVersion(
            problem=version.problem,
            number=version.number,
            package=version.package,
            created=version.created,
            aliases=tuple(alias for alias, number in model.aliases.items() if number == version.number),
        )
        for version in versions
    ]
