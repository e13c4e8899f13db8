"""The models of the service. They follow the registry while the service runs.

A thread asks the registry at intervals. What an alias points to is fetched and verified aside before the alias moves,
so a job or a request uses the old version or the new one. If the registry does not answer, or a version cannot be used,
the service goes on with what it has and says so. The last answer is stored in `models.json` for the next start.
"""

import logging
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from heelstrike.clock import utc_now
from heelstrike.errors import UserError, first_line
from heelstrike.files import write_json
from heelstrike.package.manifest import MANIFEST, Manifest, read_manifest
from heelstrike.package.runtime import Package
from heelstrike.redact import redacted, without_password
from heelstrike.registry.cache import is_intact, recall, recall_default
from heelstrike.registry.client import RegistryClient, connect
from heelstrike.registry.pull import Pulled, fetch, open_folder
from heelstrike.registry.versions import CHALLENGER, CHAMPION, Version, is_model_name
from heelstrike.serve.listing import KnownVersion, Listing, described
from heelstrike.serve.records import Record
from heelstrike.serve.settings import ServeSettings
from heelstrike.stores import StoreUnreachableError, cache_folder, tracking_uri

_FOLLOWED = (CHAMPION, CHALLENGER)
_PATIENCE_S = 10  # with a registry that does not answer, at the end of the service
_log = logging.getLogger(__name__)


class RegistryState(Record):
    """What the registry last answered."""

    reachable: Annotated[bool, Field(description="false if the models may be out of date")]
    message: Annotated[
        str, Field(description="why they may be, for a person; empty if they are not, or before the first answer")
    ] = ""
    checked: Annotated[str | None, Field(description="when the registry last answered, in UTC")] = None


@dataclass(frozen=True)
class _Following:
    """What is served, exchanged as a whole."""

    listing: Listing
    state: RegistryState


class ModelStore:
    """The models that are served.

    Args:
        settings: Settings of the service.

    Raises:
        UserError: A package folder is to be served and holds no intact package.
    """

    def __init__(self, settings: ServeSettings) -> None:
        self._settings, self._file = settings, settings.data / "models.json"
        self._folders, self._packages = dict[str, Path](), dict[str, Package]()
        self._loading, self._stopped = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._follow, name="registry", daemon=True)
        if settings.package is not None:
            self._now = self._of_folder(open_folder(settings.package))
        else:
            self._uri = tracking_uri(settings.root)
            self._now = _Following(self._stored(), RegistryState(reachable=False))

    def start(self) -> None:
        """Begin to follow the registry."""
        self._thread.start()

    def stop(self) -> None:
        """End following the registry. A network that is being loaded would crash the end of the process."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE_S)

    @property
    def state(self) -> RegistryState:
        """What the registry last answered."""
        return self._now.state

    @property
    def versions(self) -> tuple[KnownVersion, ...]:
        """All versions, as the registry last described them."""
        return self._now.listing.versions

    @property
    def ready(self) -> bool:
        """True if there is a champion that can be used, or the package folder."""
        return any(version.is_main and version.package in self._folders for version in self.versions)

    def find(self, reference: str | None) -> KnownVersion:
        """Return the version that a reference stands for now.

        Args:
            reference: As for `heelstrike.load`; `None` means the only champion.

        Raises:
            RequestError: There is no such version, or there is more than one champion and none is named.
        """
        return self._now.listing.find(reference)

    def pull(self, version: KnownVersion) -> Pulled:
        """Return the verified package of a version, which is fetched if it is not on this machine.

        Raises:
            UserError: The package is damaged, or the registry does not answer.
        """
        folder = self._folder(version.package)
        if folder is None and self._settings.offline:
            raise UserError(f"{version.reference}: is not on this machine, and no registry is asked offline")
        if folder is None:
            folder = self._fetched(connect(self._settings.root), version)
        return Pulled(folder, version.reference, version.package, version.number)

    def package(self, version: KnownVersion) -> Package:
        """Return the package of a version ready to predict in this process.

        Raises:
            UserError: As in `pull`.
        """
        package = self._packages.get(version.package)
        if package is None:
            folder = self.pull(version).folder  # may take minutes, while other versions answer
            with self._loading:
                package = self._packages.get(version.package) or Package.load(folder)
                # what is not referred to any more makes room
                used = {known.package for known in self.versions if known.aliases} | {version.package}
                others = {digest: loaded for digest, loaded in self._packages.items() if digest in used}
                self._packages = others | {version.package: package}
        return package

    def manifest(self, version: KnownVersion) -> Manifest | None:
        """Return the manifest of a version; `None` if its package is not on this machine."""
        folder = self._folder(version.package)
        return None if folder is None else read_manifest(folder)

    def refresh(self) -> None:
        """Ask the registry, and serve what it has from now on."""
        try:
            listing, problems = self._asked(connect(self._settings.root))
        except StoreUnreachableError as error:
            message = f"the registry does not answer, so the models may be out of date: {error}"
            self._now = replace(self._now, state=self._away(message))
        except Exception as error:  # an error of mlflow's or of a database must not end the thread
            message = f"the registry cannot be read: {first_line(redacted(str(error))) or type(error).__name__}"
            self._now = replace(self._now, state=self._away(message))
        else:
            state = RegistryState(reachable=not problems, message="; ".join(problems), checked=utc_now())
            before, self._now = self._now, _Following(listing, state)
            if listing != before.listing:
                self._store(listing)

    def _follow(self) -> None:
        if self._settings.offline:
            self._now = replace(self._now, state=self._away("offline: the registry is not asked"))
        if self._settings.offline or self._settings.package is not None:
            for version in self.versions:
                if version.is_main and version.package in self._folders:
                    self.package(version)
            return
        while not self._stopped.is_set():
            before = self.state.message
            self.refresh()
            if self.state.message not in ("", before):
                _log.warning(self.state.message)
            self._stopped.wait(self._settings.refresh_s)

    def _asked(self, client: RegistryClient) -> tuple[Listing, list[str]]:
        """Return what the registry has, and what of it cannot be used."""
        versions, problems = list[KnownVersion](), list[str]()
        wanted = self._settings.models
        for model in client.models():
            if is_model_name(model.name) and (model.name in wanted or (not wanted and CHAMPION in model.aliases)):
                known, why = self._followed(client, described(model, client.versions(model.name)))
                versions += known
                problems += why
        return Listing(uri=without_password(self._uri), versions=tuple(versions)), problems

    def _followed(self, client: RegistryClient, versions: list[KnownVersion]) -> tuple[list[KnownVersion], list[str]]:
        """Make the champion and the challenger of a model ready, and return its versions and what cannot be used.

        A champion that cannot be used leaves the model as it was. A challenger that cannot be used keeps nothing back.
        """
        problems = list[str]()
        for version in versions:
            try:
                if set(version.aliases) & set(_FOLLOWED):
                    self._fetched(client, version)
                if version.is_main:
                    self.package(version)
            except StoreUnreachableError:
                raise
            except UserError as error:
                if version.is_main:
                    before = [known for known in self.versions if known.problem == version.problem]
                    return before, [f"{error}; {version.problem} stays as it was"]
                problems.append(f"{version.reference} cannot be used: {error}")
        return versions, problems

    def _fetched(self, client: RegistryClient, version: KnownVersion) -> Path:
        folder = self._folder(version.package)
        if folder is None:
            assert version.number is not None
            folder = fetch(client, Version(version.problem, version.number, version.package))
            self._folders = self._folders | {version.package: folder}
        return folder

    def _folder(self, package: str) -> Path | None:
        """Return where a package is on this machine; `None` if it is not, or if somebody has cleared the cache."""
        folder = self._folders.get(package)
        return folder if folder is not None and (folder / MANIFEST).is_file() else None

    def _store(self, listing: Listing) -> None:
        try:
            write_json(self._file, listing.model_dump(mode="json"))
        except OSError as error:  # it is for the next start only
            _log.warning("%s: %s", self._file, error.strerror)

    def _stored(self) -> Listing:
        """Return what the registry last answered, with the packages that are intact on this machine."""
        try:
            listing = Listing.model_validate_json(self._file.read_bytes())
        except (OSError, ValidationError):
            listing = Listing()
        if listing.uri != without_password(self._uri):
            listing = self._remembered()
        for version in listing.versions:
            folder = cache_folder() / "packages" / version.package
            if version.aliases and is_intact(folder, version.package):
                self._folders[version.package] = folder
        return listing

    def _remembered(self) -> Listing:
        """Return the champions that other commands of this machine have pulled."""
        references = [f"{name}{alias}" for name in self._settings.models for alias in (f"@{CHAMPION}", "")]
        pulled = (recall(self._uri, name) for name in references or [recall_default(self._uri) or ""])
        versions = {
            last.version.problem: KnownVersion(
                problem=last.version.problem,
                number=last.version.number,
                package=last.version.package,
                aliases=(CHAMPION,),
            )
            for last in pulled
            if last is not None
        }
        return Listing(uri=without_password(self._uri), versions=tuple(versions.values()))

    def _of_folder(self, pulled: Pulled) -> _Following:
        problem = read_manifest(pulled.folder).problem
        self._folders[pulled.package] = pulled.folder
        version = KnownVersion(problem=problem, number=None, package=pulled.package)
        return _Following(Listing(versions=(version,)), RegistryState(reachable=True))

    def _away(self, message: str) -> RegistryState:
        return self.state.model_copy(update={"reachable": False, "message": message})
