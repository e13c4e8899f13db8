"""The manifest of a package: how to use the package, and the hash of every file in it.

A consumer uses only files whose hashes are in the manifest. The manifest protects itself by its `digest`, so a changed
threshold or filter is detected like a changed weight.
"""

from pathlib import Path
from typing import Any

from heelstrike.errors import UserError
from heelstrike.files import file_digest, json_digest, write_json
from heelstrike.package.convert import OLDEST, UPGRADES, Manifest, from_wire, to_wire
from heelstrike.package.wire import FORMAT_VERSION, Category, FileEntry, ManifestWire
from heelstrike.wire import check_version, parse, read_object

MANIFEST = "manifest.json"
MODEL = "model.onnx"
CARD = "card.md"

_MAX_BYTES = 4 * 2**20
_ADVICE = "pull the package again"

__all__ = ["CARD", "MANIFEST", "MODEL", "Category", "Manifest", "read_manifest", "verify", "write_manifest"]


def write_manifest(folder: Path, **fields: Any) -> Manifest:
    """Hash every file in `folder` and write the manifest beside them.

    Args:
        folder: The package, complete except for the manifest.
        fields: The fields of `Manifest` except `files` and `digest`.

    Returns:
        The manifest, with `files` and `digest`.
    """
    names = sorted(path.name for path in folder.iterdir() if path.name != MANIFEST)
    files = {n: FileEntry(sha256=file_digest(folder / n), bytes=(folder / n).stat().st_size) for n in names}
    unsigned = Manifest(files=files, **fields)
    content = to_wire(unsigned).model_dump(mode="json")
    digest = _digest_of(content)
    write_json(folder / MANIFEST, content | {"digest": digest})
    return unsigned.model_copy(update={"digest": digest})


def read_manifest(folder: Path) -> Manifest:
    """Read a package's manifest. The files that it lists are checked by `verify`.

    Raises:
        UserError: The manifest is missing, invalid or changed, needs a newer version of this library, or names a
            measure or a filter that this version does not have.
    """
    path = folder / MANIFEST
    try:
        data = read_object(path, _MAX_BYTES, _ADVICE)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{path}: missing, so {folder} is not a package; expected {MANIFEST} and {MODEL}") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    digest = _digest_of(data)
    version = check_version(path, data, OLDEST, FORMAT_VERSION)
    for old in range(version, FORMAT_VERSION):
        data = UPGRADES[old](data)
    wire = parse(path, data, ManifestWire)
    if wire.digest != digest:
        raise UserError(
            f"{path}: was changed after packaging: its digest is {wire.digest}, its content gives {digest}; {_ADVICE}"
        )
    return from_wire(path, wire)


def _digest_of(data: dict[str, Any]) -> str:
    """Return the digest of everything in the file but `digest`, including fields that this version does not know."""
    return json_digest({name: value for name, value in data.items() if name != "digest"})


def verify(folder: Path, manifest: Manifest) -> None:
    """Check every file of the package against the manifest.

    Raises:
        UserError: Files are missing or differ; the message has a line for each.
    """
    findings = []
    for name, entry in sorted(manifest.files.items()):
        path = folder / name
        if not path.is_file():
            findings.append(f"{path}: missing, but the manifest lists it")
        elif (size := path.stat().st_size) != entry.bytes:
            findings.append(f"{path}: {size} bytes found, {entry.bytes} expected")
        elif (sha := file_digest(path)) != entry.sha256:
            findings.append(f"{path}: SHA-256 {sha} found, {entry.sha256} expected")
    if MODEL not in manifest.files:
        findings.append(f"{folder / MANIFEST}: files does not list {MODEL}")
    if findings:
        raise UserError("\n".join([*findings, "the package is damaged: pull it again"]))
