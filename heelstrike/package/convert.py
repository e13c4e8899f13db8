"""Conversion between the manifest as a file holds it and the manifest as the program uses it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from heelstrike.errors import UserError
from heelstrike.measure.radii import Radii
from heelstrike.measure.settings import MeasureSettings
from heelstrike.package.over_time_settings import OverTime
from heelstrike.package.quantised import Quantised
from heelstrike.package.wire import (
    FORMAT_VERSION,
    MIN_READER,
    Category,
    FileEntry,
    ManifestWire,
    UnknownMeasure,
)
from heelstrike.preprocess.settings import FILTER_OPTIONS, Filter, InputSize, Mirror, Zoom
from heelstrike.settings import Strict
from heelstrike.wire import invalid

OLDEST = 2
"""The oldest version of the format that can still be read."""


class Manifest(Strict):
    """Description of a package, as the program uses it. `ManifestWire` describes the fields."""

    heelstrike: str
    problem: str
    network: dict[str, Any]
    category: Category
    flip_pairs: tuple[tuple[str, str], ...] = ()
    heads: dict[str, tuple[str, ...]] = {}
    input: InputSize
    filters: tuple[Filter, ...] = ()
    mirror: Mirror | None = None
    zoom: Zoom | None = None
    confidence: float
    measure: MeasureSettings | None = None
    radii: Radii | None = None
    temporal: OverTime | None = None
    max_radius_px: float | None = None
    parity_px: float | None = None
    quantised: Quantised | None = None
    training_data: str
    metrics: dict[str, float] = {}
    files: dict[str, FileEntry]
    digest: str = ""


def to_wire(manifest: Manifest) -> ManifestWire:
    """Convert a manifest to the form that is written to a file.

    Raises:
        ValueError: A field breaks a rule of the format, or a setting that the format lacks differs from its default.
    """
    versions = {"format_version": FORMAT_VERSION, "min_reader": MIN_READER}
    wire = ManifestWire.model_validate(manifest.model_dump(mode="json") | versions)
    if Manifest.model_validate(_fields(wire)) != manifest:
        raise ValueError("the manifest's format lacks a setting of this package: add it to heelstrike/package/wire.py")
    return wire


def from_wire(path: Path, wire: ManifestWire) -> Manifest:
    """Convert the content of a file to a manifest.

    Args:
        path: The file, for messages.
        wire: Its content.

    Raises:
        UserError: The package needs a measure or a filter that this version does not have, or a setting is invalid.
    """
    unknown = [f"filter {each.name!r}" for each in wire.filters if each.name not in FILTER_OPTIONS]
    if isinstance(wire.measure, UnknownMeasure):
        unknown.append(f"measure {wire.measure.name!r}")
    if unknown:
        raise UserError(
            f"{path}: made by heelstrike {wire.heelstrike} with the {' and the '.join(unknown)}, which this version "
            "does not have; upgrade heelstrike"
        )
    try:
        return Manifest.model_validate(_fields(wire))
    except ValidationError as error:
        raise invalid(path, error) from None


def _fields(wire: ManifestWire) -> dict[str, Any]:
    return wire.model_dump(exclude={"format_version", "min_reader"})


def _from_2(data: dict[str, Any]) -> dict[str, Any]:
    """Upgrade from version 2, which had no `heads` and whose `parity_px` was a limit, not a measured difference."""
    return data | {"min_reader": 2}


def _from_3(data: dict[str, Any]) -> dict[str, Any]:
    """Upgrade from version 3, which had no `zoom`."""
    return data


def _from_4(data: dict[str, Any]) -> dict[str, Any]:
    """Upgrade from version 4, whose radii did not grow with the enlargement and whose zoom had no `patient`."""
    return data


def _from_5(data: dict[str, Any]) -> dict[str, Any]:
    """Upgrade from version 5, which had no `quantised` and no `temporal`."""
    return data


UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    2: _from_2,
    3: _from_3,
    4: _from_4,
    5: _from_5,
}
"""For each old version, the function that upgrades the content of a manifest to the next version."""
