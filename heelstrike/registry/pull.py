"""A consumer's way to a package: by reference, cached by digest, verified, and usable when the registry is down.

The cache: `packages/DIGEST/` holds packages, which never change; `references/KEY.json` what a reference stood for when
the registry last answered. Needs no torch; MLflow is imported only when the registry is asked.
"""

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from heelstrike.clock import utc_now
from heelstrike.errors import UserError
from heelstrike.files import json_digest, write_json
from heelstrike.package.manifest import MANIFEST, read_manifest, verify
from heelstrike.registry.versions import CHAMPION, Registry, Version, open_registry
from heelstrike.stores import StoreUnreachableError, cache_folder, shown, tracking_uri

_REFERENCE = re.compile(r"^(?P<problem>[\w-]+)(?:@(?P<alias>[\w-]+)|/(?P<number>\d+))?$")


@dataclass(frozen=True)
class Pulled:
    """A verified package on this machine.

    Attributes:
        folder: Where it lies; do not write there.
        reference: What it is, `rearfoot/3`, or the folder that was given.
        package: Its digest.
        cached_since: When the registry last answered, where it does not answer now; else none.
    """

    folder: Path
    reference: str
    package: str
    cached_since: str | None = None


def pull(reference: str, root: Path | None = None, offline: bool = False) -> Path:
    """The folder of a verified package; see `resolve`."""
    return resolve(reference, root, offline).folder


def resolve(
    reference: str, root: Path | None = None, offline: bool = False, warn: Callable[[str], None] | None = None
) -> Pulled:
    """Find a package, fetch it if it is not cached, and check every hash.

    Args:
        reference: `rearfoot` or `rearfoot@champion`, `rearfoot/3`, or the path of a package folder.
        root: The repository root, for the embedded registry; the current folder by default.
        offline: Do not ask the registry: use what the reference stood for when it was last pulled.
        warn: Told in one line when the cached package stands in for a registry that does not answer; stderr by default.

    Raises:
        UserError: The reference is malformed, names nothing, the package is damaged, or the registry does not answer
            and the reference has never been pulled on this machine.
    """
    if Path(reference).is_dir():
        folder = Path(reference).resolve()
        manifest = read_manifest(folder)
        verify(folder, manifest)
        return Pulled(folder, str(reference), manifest.digest)
    name, alias, number = parse_reference(reference)
    root = root or Path.cwd()
    remembered = _reference_file(tracking_uri(root), reference)
    if offline:
        return _remembered(remembered, reference, StoreUnreachableError(f"{reference}: asked to stay offline"))
    try:
        with open_registry(root, name, create=False) as registry:
            version = find_version(registry, alias, number)
            folder = fetch(registry, version)
    except StoreUnreachableError as error:
        pulled = _remembered(remembered, reference, error)
        (warn or _to_stderr)(
            f"{shown(tracking_uri(root))} does not answer: using the cached {pulled.reference}, "
            f"which {reference} stood for on {(pulled.cached_since or '')[:16].replace('T', ' ')} UTC"
        )
        return pulled
    write_json(remembered, {"reference": version.reference, "package": version.package, "time": utc_now()})
    return Pulled(folder, version.reference, version.package)


def parse_reference(reference: str) -> tuple[str, str, int | None]:
    """Name, alias (`champion` where none is said) and number of a model reference.

    Raises:
        UserError: It is none.
    """
    match = _REFERENCE.match(reference)
    if not match:
        raise UserError(
            f"{reference!r}: neither a package folder nor a model reference; expected NAME@champion, NAME/3 or a folder"
        )
    return match["problem"], match["alias"] or CHAMPION, int(match["number"]) if match["number"] else None


def fetch(registry: Registry, version: Version) -> Path:
    """The package of a version in the cache, downloaded if need be, hashes checked.

    Raises:
        UserError: The package in the registry is damaged, or is not the one that was registered.
    """
    folder = cache_folder() / "packages" / version.package
    if folder.is_dir() and _intact(folder, version.package):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{version.package[:12]}.", dir=folder.parent))
    try:
        _download(registry, version, aside)
        shutil.rmtree(folder, ignore_errors=True)  # a damaged copy
        try:
            aside.replace(folder)
        except OSError:
            if not _intact(folder, version.package):  # else another process was faster with the same package
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def _download(registry: Registry, version: Version, into: Path) -> None:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    address = registry.client.get_model_version_download_uri(version.problem, str(version.number))
    files = get_artifact_repository(address, tracking_uri=registry.uri, registry_uri=registry.uri)
    try:
        files.download_artifacts(MANIFEST, str(into))
        manifest = read_manifest(into)
        for name in manifest.files:
            files.download_artifacts(name, str(into))
    except OSError as error:
        raise UserError(f"{version.reference}: its files cannot be fetched from {address}: {error}") from error
    verify(into, manifest)
    if manifest.digest != version.package:
        raise UserError(
            f"{version.reference}: the registry holds the package {manifest.digest[:12]}, but {version.package[:12]} "
            "was registered; it was changed. Do not use it: roll back or retrain"
        )


def _intact(folder: Path, digest: str) -> bool:
    try:
        manifest = read_manifest(folder)
        verify(folder, manifest)
    except UserError:
        return False
    return manifest.digest == digest


def find_version(registry: Registry, alias: str, number: int | None) -> Version:
    """The version of a number, or else of an alias.

    Raises:
        UserError: There is none.
    """
    if number is not None:
        return registry.version(number)
    version = registry.aliased(alias)
    if version is not None:
        return version
    there = registry.aliases()
    known = f"it has {', '.join(f'{a} ({n})' for a, n in there.items())}" if there else "nothing is registered"
    raise UserError(
        f"{registry.problem}@{alias}: no such model in {shown(registry.uri)}; {known}. "
        f"`heelstrike retrain {registry.problem}` makes one"
    )


def _reference_file(uri: str, reference: str) -> Path:
    return cache_folder() / "references" / f"{json_digest([uri, reference])[:32]}.json"


def _remembered(file: Path, reference: str, error: StoreUnreachableError) -> Pulled:
    try:
        last = json.loads(file.read_text())
        folder = cache_folder() / "packages" / last["package"]
        if _intact(folder, last["package"]):
            return Pulled(folder, last["reference"], last["package"], last["time"])
    except (OSError, ValueError, KeyError):
        pass
    raise StoreUnreachableError(f"{error}\n{reference}: no verified copy of it is cached on this machine") from error


def _to_stderr(message: str) -> None:
    print(f"warning: {message}", file=sys.stderr)
