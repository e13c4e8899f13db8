"""Pulling a package: find it by reference, verify it, cache it by digest, and use the cache if the registry is down."""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from heelstrike.errors import UserError
from heelstrike.package.manifest import MANIFEST, read_manifest, verify
from heelstrike.redact import without_password
from heelstrike.registry.cache import cached, recall, recall_default, remember, remember_default
from heelstrike.registry.client import RegistryClient, connect, find_version
from heelstrike.registry.versions import CHAMPION, PACKAGE_TAG, Reference, Version, is_model_name
from heelstrike.stores import StoreUnreachableError, tracking_uri

_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Pulled:
    """A verified package on this machine.

    Attributes:
        folder: The package's folder, which must not be changed.
        reference: `rearfoot/3` for a version in the registry, else the folder that was given.
        package: Digest of the package.
        version: Number of the version in the registry; `None` for a folder.
        cached_since: When the registry last answered, if the package comes from the cache; else `None`.
    """

    folder: Path
    reference: str
    package: str
    version: int | None = None
    cached_since: str | None = None


def resolve(
    reference: str, root: Path | None = None, offline: bool = False, warn: Callable[[str], None] | None = None
) -> Pulled:
    """Find a package in the registry, download it if it is not cached, and check every hash.

    Args:
        reference: `rearfoot` or `rearfoot@champion`, or `rearfoot/3`.
        root: Root of the checkout, for the embedded registry; by default the current folder.
        offline: True to use the version that was last pulled by this reference, without contacting the registry.
        warn: Called with one line if the registry does not answer and the cached package is used; by default the line
            goes to stderr.

    Raises:
        UserError: The reference is malformed, there is no such model, the package is damaged, or the registry does not
            answer and the reference has never been pulled on this machine.
    """
    parsed, root = Reference.parse(reference), root or Path.cwd()
    uri = tracking_uri(root)
    if offline:
        return _pull_from_cache(
            uri, reference, StoreUnreachableError(f"{reference}: offline, so no registry was asked")
        )
    try:
        client = connect(root)
        version = find_version(client, parsed)
        folder = fetch(client, version)
    except StoreUnreachableError as error:
        pulled = _pull_from_cache(uri, reference, error)
        (warn or _warn_on_stderr)(
            f"{without_password(uri)} does not answer: using the cached {pulled.reference}, "
            f"which {reference} stood for on {(pulled.cached_since or '')[:16].replace('T', ' ')} UTC"
        )
        return pulled
    remember(uri, reference, version)
    return Pulled(folder, version.reference, version.package, version.number)


def open_folder(folder: Path) -> Pulled:
    """Check every hash of a package in a folder and return the package.

    Raises:
        UserError: The folder holds no package, or a damaged one.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; expected a package folder with {MANIFEST}")
    manifest = read_manifest(folder)
    verify(folder, manifest)
    return Pulled(folder.resolve(), str(folder), manifest.digest)


def default_reference(root: Path | None = None, offline: bool = False) -> str:
    """Return `NAME@champion` for the only model with a champion. If the registry is down, its last answer is used.

    Args:
        root: Root of the checkout, for the embedded registry; by default the current folder.
        offline: True to use the last answer without contacting the registry.

    Raises:
        UserError: No model has a champion, or more than one has; the message lists them.
    """
    root = root or Path.cwd()
    uri = tracking_uri(root)
    try:
        if offline:
            raise StoreUnreachableError("--offline: no model was ever pulled without a name; name one with --model")
        reference = f"{_only_champion(connect(root))}@{CHAMPION}"
    except StoreUnreachableError:
        last = recall_default(uri)
        if last is None:
            raise
        return last
    remember_default(uri, reference)
    return reference


def _only_champion(client: RegistryClient) -> str:
    models = [model for model in client.models() if is_model_name(model.name)]
    champions = [model.name for model in models if CHAMPION in model.aliases]
    address = without_password(client.uri)
    if len(champions) == 1:
        return champions[0]
    if champions:
        choices = "\n".join(f"  --model {name}@{CHAMPION}" for name in champions)
        raise UserError(f"{address}: several models have a {CHAMPION}; add one of these\n{choices}")
    if models:
        names = [model.name for model in models]
        advice = f"name a version, for instance --model {names[0]}/1"
        raise UserError(f"{address}: no model has a {CHAMPION} yet ({', '.join(names)}); {advice}")
    raise UserError(f"{address}: no model is registered there; `heelstrike retrain PROBLEM` in a checkout makes one")


def fetch(client: RegistryClient, version: Version) -> Path:
    """Return the folder of a version's package in the cache; download and verify it if needed.

    Raises:
        UserError: The package in the registry is damaged, or is not the one that was registered.
    """
    if not _DIGEST.fullmatch(version.package):
        raise UserError(
            f"{version.reference}: its tag {PACKAGE_TAG} is {version.package!r}, expected a SHA-256: the version was "
            "not registered by Heelstrike; name another one (`heelstrike models` lists them)"
        )
    return cached(version.package, lambda folder: _download(client, version, folder))


def _download(client: RegistryClient, version: Version, folder: Path) -> None:
    client.download(version, MANIFEST, folder)
    manifest = read_manifest(folder)  # file names in a manifest have no folders
    for name in manifest.files:
        client.download(version, name, folder)
    verify(folder, manifest)
    if manifest.digest != version.package:
        raise UserError(
            f"{version.reference}: the registry holds the package {manifest.digest[:12]}, but {version.package[:12]} "
            "was registered; it was changed. Do not use it: roll back or retrain"
        )


def _pull_from_cache(uri: str, reference: str, error: StoreUnreachableError) -> Pulled:
    last = recall(uri, reference)
    if last is None:
        raise StoreUnreachableError(
            f"{error}\n{reference}: no verified copy of it is cached on this machine"
        ) from error
    version = last.version
    return Pulled(last.folder, version.reference, version.package, version.number, last.time)


def _warn_on_stderr(message: str) -> None:
    print(f"warning: {message}", file=sys.stderr)
