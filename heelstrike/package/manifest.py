"""The manifest: what a package is, and the hash of every file in it.

A consumer trusts nothing that the manifest's hashes do not cover, and the manifest covers itself by its `digest`: a
changed threshold or filter list is found as surely as a changed weight.
"""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from heelstrike.errors import UserError
from heelstrike.files import file_digest, json_digest, write_json
from heelstrike.measure.radii import Radii
from heelstrike.measure.settings import MeasureSettings
from heelstrike.preprocess.settings import Filter, InputSize, Mirror
from heelstrike.settings import Strict

MANIFEST = "manifest.json"
MODEL = "model.onnx"
CARD = "card.md"
FORMAT_VERSION = 2
"""Raised by one whenever an older consumer would misread a newer package."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]  # no folders: nothing outside the package


class FileEntry(Strict):
    """What a file of the package must be."""

    sha256: Sha256
    bytes: Annotated[int, Field(ge=0)]


class Category(Strict):
    """A COCO category of a keypoint dataset, and its classes; `skeleton` counts keypoints from 1, as COCO does."""

    id: int = 1
    name: str
    keypoints: tuple[str, ...] = ()
    classes: Annotated[tuple[str, ...], Field(description="what an instance may be; class c is `classes[c]`")] = ()
    skeleton: tuple[tuple[int, int], ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The classes, or the one category where there are none."""
        return self.classes or (self.name,)


class Manifest(Strict):
    """manifest.json."""

    format_version: int = FORMAT_VERSION
    heelstrike: Annotated[str, Field(description="version of Heelstrike that made the package")]
    problem: Annotated[str, Field(description="name of the problem in params.yaml")]
    network: Annotated[dict[str, Any], Field(description="architecture and its settings, for the record")]
    category: Category
    flip_pairs: tuple[tuple[str, str], ...] = ()
    input: Annotated[InputSize, Field(description="size at which the network looks; the graph scales to it itself")]
    filters: Annotated[tuple[Filter, ...], Field(description="applied to the image before the graph, in order")] = ()
    mirror: Annotated[Mirror | None, Field(description="which images are mirrored before the graph")] = None
    confidence: Annotated[float, Field(ge=0, le=1, description="keypoints below count as missing")]
    measure: MeasureSettings | None = None
    radii: Annotated[Radii | None, Field(description="how far keypoints may be off; none: not known")] = None
    max_radius_px: Annotated[float | None, Field(gt=0, description="a larger radius is not reliable; none: any")] = None
    parity_px: Annotated[
        float | None, Field(ge=0, description="largest difference of graph and network when it was packaged; none: not")
    ] = None
    training_data: Annotated[Sha256, Field(description="digest of the prepared labels it was trained and tested on")]
    metrics: Annotated[dict[str, float], Field(description="headline metrics on the test split")] = {}
    files: Annotated[dict[FileName, FileEntry], Field(min_length=1)]
    digest: Annotated[str, Field(description="SHA-256 of this manifest without this field; the package's identity")] = (
        ""
    )


def write_manifest(folder: Path, **fields: Any) -> Manifest:
    """Hash every file in `folder` and write the manifest beside them.

    Args:
        folder: The package, complete but for the manifest.
        fields: The fields of `Manifest` other than `files` and `digest`.
    """
    names = sorted(path.name for path in folder.iterdir() if path.name != MANIFEST)
    files = {n: FileEntry(sha256=file_digest(folder / n), bytes=(folder / n).stat().st_size) for n in names}
    unsigned = Manifest(files=files, **fields)
    manifest = unsigned.model_copy(update={"digest": _digest_of(unsigned.model_dump(mode="json"))})
    write_json(folder / MANIFEST, manifest.model_dump(mode="json"))
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Read a package's manifest; the files it names are not looked at, see `verify`.

    Raises:
        UserError: It is missing, is no manifest, is of a format this version cannot read, or was changed.
    """
    path = folder / MANIFEST
    try:
        data = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{path}: not there, so {folder} is no package; expected {MANIFEST} and {MODEL}") from None
    except ValueError as error:
        raise UserError(f"{path}: not valid JSON ({error}); pull the package again") from None
    found = data.get("format_version") if isinstance(data, dict) else None
    if found != FORMAT_VERSION:
        advice = (
            "upgrade heelstrike" if isinstance(found, int) and found > FORMAT_VERSION else "package the model again"
        )
        raise UserError(f"{path}: format_version is {found!r}, this heelstrike reads {FORMAT_VERSION}; {advice}")
    try:
        manifest = Manifest.model_validate(data)
    except ValidationError as error:
        lines = [f"{path}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise UserError("\n".join(lines)) from None
    if manifest.digest != (own := _digest_of(data)):
        raise UserError(
            f"{path}: was changed after packaging: digest is {manifest.digest}, its contents give "
            f"{own}; pull the package again"
        )
    return manifest


def _digest_of(data: dict[str, Any]) -> str:
    """The digest that a manifest's contents demand: of what stands in it, so a field of later times changes none."""
    return json_digest({name: value for name, value in data.items() if name != "digest"})


def verify(folder: Path, manifest: Manifest) -> None:
    """Check every file of the package against the manifest.

    Raises:
        UserError: Files are missing or differ; one line for each.
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
