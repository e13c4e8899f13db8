"""Between the manifest as it stands in a file and the one that measure, filters, mirror and letterbox need."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from heelstrike.errors import UserError
from heelstrike.measure.radii import Radii
from heelstrike.measure.settings import MeasureSettings
from heelstrike.package.wire import (
    FORMAT_VERSION,
    MIN_READER,
    Category,
    FileEntry,
    ManifestWire,
    UnknownMeasure,
)
from heelstrike.preprocess.settings import FILTER_OPTIONS, Filter, InputSize, Mirror
from heelstrike.settings import Strict
from heelstrike.wire import invalid

OLDEST = 2
"""First version of the format that is still read."""


class Manifest(Strict):
    """What a package is, as the program works with it. `ManifestWire` describes the fields."""

    heelstrike: str
    problem: str
    network: dict[str, Any]
    category: Category
    flip_pairs: tuple[tuple[str, str], ...] = ()
    heads: dict[str, tuple[str, ...]] = {}
    input: InputSize
    filters: tuple[Filter, ...] = ()
    mirror: Mirror | None = None
    confidence: float
    measure: MeasureSettings | None = None
    radii: Radii | None = None
    max_radius_px: float | None = None
    parity_px: float | None = None
    training_data: str
    metrics: dict[str, float] = {}
    files: dict[str, FileEntry]
    digest: str = ""


def to_wire(manifest: Manifest) -> ManifestWire:
    """The manifest as it is to stand in a file.

    Raises:
        ValueError: A field breaks a rule of the format, or a setting has no place in it and is not its default.
    """
    versions = {"format_version": FORMAT_VERSION, "min_reader": MIN_READER}
    wire = ManifestWire.model_validate(manifest.model_dump(mode="json") | versions)
    if Manifest.model_validate(_fields(wire)) != manifest:
        raise ValueError("a setting of this package has no place in the manifest: add it to heelstrike/package/wire.py")
    return wire


def from_wire(path: Path, wire: ManifestWire) -> Manifest:
    """The manifest that a file holds.

    Args:
        path: The file, for the message.
        wire: Its content.

    Raises:
        UserError: It asks for a measure or a filter that this version does not have, or a setting is impossible.
    """
    unknown = [f"filter {one.name!r}" for one in wire.filters if one.name not in FILTER_OPTIONS]
    if isinstance(wire.measure, UnknownMeasure):
        unknown.append(f"measure {wire.measure.name!r}")
    if unknown:
        raise UserError(
            f"{path}: made by heelstrike {wire.heelstrike} with the {' and the '.join(unknown)}, which this version "
            "does not know; upgrade heelstrike"
        )
    try:
        return Manifest.model_validate(_fields(wire))
    except ValidationError as error:
        raise invalid(path, error) from None


def _fields(wire: ManifestWire) -> dict[str, Any]:
    return wire.model_dump(exclude={"format_version", "min_reader"})


def _from_2(data: dict[str, Any]) -> dict[str, Any]:
    """Version 2 had no `heads`, and its `parity_px` was the limit that the difference was shown to be within."""
    return data | {"min_reader": 2}


UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {2: _from_2}
"""What makes of each old version's content the next one's."""
