"""VGG Image Annotator, versions 1 and 2: exports (JSON, CSV) and projects; only points are read."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from heelstrike.errors import UserError
from pipeline.annotations import SLICE_PREFIX
from pipeline.collect.findings import Findings
from pipeline.collect.instances import add_point
from pipeline.collect.labels import Labels, make_labels
from pipeline.collect.media_names import find_media
from pipeline.collect.readers.delimited import read_rows, same_width
from pipeline.collect.readers.json_file import number, read_json
from pipeline.collect.settings import ViaSource
from pipeline.collect.subjects import subjects_of
from pipeline.names import in_normal_form
from pipeline.problem import Problem

_NOT_A_POINT = "a region that is not a point"
_OTHER_POINT = "a point that is not one of the problem's keypoints"
_CSV_COLUMNS = ("filename", "file_attributes", "region_shape_attributes", "region_attributes")


class _Image(NamedTuple):
    """An image of the file.

    Attributes:
        number: Its number from 1.
        name: Its file name.
        size: Size of that file in bytes; 0 if it is not stated.
        attributes: Its file attributes.
        regions: Its regions as (shape, attributes).
    """

    number: int
    name: str
    size: int
    attributes: dict[str, Any]
    regions: list[tuple[dict[str, Any], dict[str, Any]]]


class _Instance(NamedTuple):
    """An instance in an image: `value` of the attribute `ViaSource.instance`, and its points (x, y) by name."""

    image: _Image
    value: str
    attributes: dict[str, Any]
    points: dict[str, tuple[float, float]]


def read(path: Path, root: Path, source: ViaSource, problem: Problem) -> Labels:
    """Read an export or a project.

    Args:
        path: JSON or CSV.
        root: The folder that all media of the source are relative to.
        source: Names of the attributes of points, instances and subjects.
        problem: Names of the K keypoints.

    Raises:
        UserError: Anything is wrong with the file; every finding is listed.
    """
    findings, keypoints = Findings(path.relative_to(root).as_posix()), problem.keypoints
    images = _from_csv(path, findings) if path.suffix.lower() == ".csv" else _from_json(path, findings)
    findings.raise_any()
    dropped: dict[str, list[str]] = {}
    order = {source.keypoints.get(name, name): k for k, name in enumerate(keypoints)}
    instances = [i for image in images for i in _instances(image, source, order, findings, dropped)]
    labelled = {name for instance in instances for name in instance.points}
    lacking = [name for name, k in order.items() if name not in labelled]
    if lacking:
        findings.add(
            f"no region is the point {lacking} by its attribute {source.name!r}; name the attribute in params under "
            "`name` and its values under `keypoints`"
        )
    findings.raise_any()
    xy = np.full((len(instances), len(keypoints), 2), np.nan)
    for row, instance in enumerate(instances):
        for name, point in instance.points.items():
            xy[row, order[name]] = point
    names = pd.Series([instance.image.name for instance in instances], dtype="str")
    media = find_media(root, path.parent / source.images, names, findings)
    if source.same_files:
        _refuse_other_files(instances, media, root, findings)
    offered = pd.DataFrame([i.attributes for i in instances], dtype=object)
    rows = pd.Series([f"image {i.image.number} ({i.image.name})" for i in instances], dtype="str")
    columns = {
        "media": media,
        "frame": -1,
        "instance": media.groupby(media).cumcount(),
        "subject": subjects_of(source.subject, media, offered, rows, findings),
        "source": [_where(findings, i, source) for i in instances],
    }
    for name in source.slices:
        columns[f"{SLICE_PREFIX}{name}"] = [str(i.attributes.get(name, "")) for i in instances]
    labels = make_labels(
        pd.DataFrame(columns),
        keypoints,
        xy,
        np.full(xy.shape[:2], 2),
        root,
        findings,
        source.missing_images,
        unit="image",
    )
    return replace(labels, dropped=dropped | labels.dropped)


def _where(findings: Findings, instance: _Instance, source: ViaSource) -> str:
    value = f" ({instance.value})" if source.instance else ""
    return f"{findings.where}{value}:{instance.image.number}"


def _from_json(path: Path, findings: Findings) -> list[_Image]:
    data = read_json(path, findings)
    entries = data.get("_via_img_metadata", data) if isinstance(data, dict) else None
    if not isinstance(entries, dict) or not entries or not all(_is_entry(entry) for entry in entries.values()):
        raise UserError(
            f"{findings.where}: not an export or project of VGG Image Annotator 1 or 2: expected a mapping of images, "
            "each with filename and regions"
        )
    images = []
    for position, entry in enumerate(entries.values(), start=1):
        regions = entry["regions"] or []
        regions = list(regions.values()) if isinstance(regions, dict) else regions  # version 1 numbers them
        pairs = [_region(r, f"image {position} ({entry['filename']})", findings) for r in regions]
        attributes, size = entry.get("file_attributes") or {}, _bytes(entry.get("size"))
        images.append(_Image(position, str(entry["filename"]), size, attributes, pairs))
    return images


def _region(region: Any, where: str, findings: Findings) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return shape and attributes of a region."""
    entry = region if isinstance(region, dict) else {}
    shape, attributes = entry.get("shape_attributes"), entry.get("region_attributes") or {}
    if isinstance(shape, dict) and isinstance(attributes, dict):
        return shape, attributes
    findings.add(f"{where}: a region is {region!r:.60}, expected shape_attributes and region_attributes")
    return {}, {}


def _is_entry(entry: Any) -> bool:
    regions = entry.get("regions") if isinstance(entry, dict) and "filename" in entry else 0
    if not isinstance(regions, dict | list | None):
        return False
    listed = regions.values() if isinstance(regions, dict) else regions or []
    return all(isinstance(region, dict) and _has_attributes(region) for region in listed)


def _has_attributes(region: dict[str, Any]) -> bool:
    return all(isinstance(region.get(f"{kind}_attributes", {}), dict) for kind in ("shape", "region"))


def _from_csv(path: Path, findings: Findings) -> list[_Image]:
    rows, lines = read_rows(path, findings)
    header = [cell.lstrip("#") for cell in rows[0]]  # version 1 writes #filename
    lacking = [column for column in _CSV_COLUMNS if column not in header]
    if lacking:
        raise UserError(f"{findings.where}: header: columns {lacking} are missing; found {header}")
    images: dict[str, _Image] = {}
    for cells, line in zip(same_width(rows[1:], lines[1:], len(header), findings), lines[1:], strict=True):
        row = dict(zip(header, cells, strict=True))
        try:
            file_attributes, shape, attributes = (in_normal_form(json.loads(row[c] or "{}")) for c in _CSV_COLUMNS[1:])
        except ValueError as error:
            findings.add(f"row {line}: attributes are not valid JSON ({error})")
            continue
        size = _bytes(row.get("file_size") or row.get("size"))
        new = _Image(len(images) + 1, row["filename"], size, file_attributes, [])
        image = images.setdefault(row["filename"], new)
        if shape:
            image.regions.append((shape, attributes))
    return list(images.values())


def _bytes(value: object) -> int:
    """Return the size of a file in bytes; 0 if it is not stated: VIA writes -1 for addresses."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else 0


def _refuse_other_files(instances: list[_Instance], media: pd.Series, root: Path, findings: Findings) -> None:
    """Add a finding for each image whose file has another size in bytes than the file that was labelled.

    VIA states no width and height, so nothing else tells a copy of another size.
    """
    for image, path in {i.image.number: (i.image, path) for i, path in zip(instances, media, strict=True)}.values():
        file = root / path
        if image.size and file.is_file() and file.stat().st_size != image.size:
            findings.add(
                f"image {image.number}: {path} has {file.stat().st_size} bytes, but a file of {image.size} bytes was "
                "labelled, perhaps a copy of another size; put that file there, or set `same_files: false` if both "
                "show the same pixels"
            )


def _instances(
    image: _Image, source: ViaSource, order: dict[str, int], findings: Findings, dropped: dict[str, list[str]]
) -> Iterator[_Instance]:
    """Return the instances of an image; an image without points gets one without points, so that it is listed."""
    instances: dict[str, _Instance] = {}
    points = 0
    for shape, attributes in image.regions:
        where = f"{findings.where}:{image.number}"
        if shape.get("name") != "point":
            dropped.setdefault(_NOT_A_POINT, []).append(where)
            continue
        k = order.get(str(attributes.get(source.name, ""))) if source.name else points if points < len(order) else None
        points += 1
        if k is None:
            dropped.setdefault(_OTHER_POINT, []).append(where)
            continue
        value = str(attributes.get(source.instance, "")) if source.instance else ""
        merged = {**attributes, **image.attributes}
        instance = instances.setdefault(value, _Instance(image, value, merged, {}))
        x, y = number(shape.get("cx")), number(shape.get("cy"))
        name = list(order)[k]
        if x is None or y is None:
            place = (shape.get("cx"), shape.get("cy"))
            findings.add(f"image {image.number} ({image.name}), {name}: found {place!r:.60}, expected numbers")
        else:
            add_point(instance.points, name, (x, y), f"image {image.number} ({image.name})", findings)
    yield from instances.values() or [_Instance(image, "", image.attributes, {})]
