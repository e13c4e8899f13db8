"""COCO keypoint JSON: an image may have several instances; keypoints are matched by the names in `categories`."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from pipeline.collect.findings import Findings
from pipeline.collect.instances import repeated_names
from pipeline.collect.labels import NOTHING_LABELLED, Labels, make_labels
from pipeline.collect.media_names import find_media
from pipeline.collect.readers.json_file import number, read_json
from pipeline.collect.readers.roboflow import copies_together
from pipeline.collect.readers.stated_sizes import size_columns
from pipeline.collect.settings import CocoSource
from pipeline.collect.subject_setting import Subject
from pipeline.collect.subjects import subjects_of
from pipeline.problem import Problem

_CROWD = "a crowd is labelled, not one instance"
_NO_KEYPOINTS = "its category has none of the problem's keypoints"


def read(path: Path, root: Path, source: CocoSource, problem: Problem) -> Labels:
    """Read a COCO keypoint file.

    Boxes, areas and segmentations in the file are not used; boxes are made around the keypoints, as for every format.

    Args:
        path: The JSON.
        root: The folder that all media of the source are relative to.
        source: Image folder, names of keypoints, and the key that names the subject.
        problem: Names of the K keypoints.

    Raises:
        UserError: Anything is wrong with the file; every finding is listed.
    """
    findings, keypoints = Findings(path.relative_to(root).as_posix()), problem.keypoints
    data = load(path, findings)
    order = _orders(data["categories"], [source.keypoints.get(name, name) for name in keypoints], findings)
    images = images_by_id(data["images"], findings)
    findings.raise_any()
    sizes = {category["id"]: len(category.get("keypoints") or []) for category in data["categories"]}
    wanted, dropped = _wanted(data["annotations"], order, sizes, images, findings)
    findings.raise_any()
    points = (
        np.stack([_triples(a, order[a["category_id"]], len(keypoints)) for a in wanted])
        if wanted
        else np.empty((0, len(keypoints), 3))
    )
    entries = [images[a["image_id"]] for a in wanted]
    refuse_listed_twice(entries, findings)
    names = pd.Series([entry["file_name"] for entry in entries], dtype="str")
    media = find_media(root, path.parent / source.images, names, findings)
    subjects = subjects_of_images(source.subject, media, entries, findings)
    subjects, notes = copies_together(subjects, entries, source.subject, findings.where)
    table = pd.DataFrame(
        {
            "media": media,
            "frame": -1,
            "instance": media.groupby(media).cumcount(),
            "subject": subjects,
            "source": pd.Series([f"{findings.where}:{a['id']}" for a in wanted], dtype="str"),
            **sizes_of_images(entries, findings),
        }
    )
    visibility = np.where(np.isin(points[..., 2], (1, 2)), points[..., 2], 0).astype(np.int64)
    xy = np.where(visibility[..., None] == 0, np.nan, points[..., :2])
    labels = make_labels(table, keypoints, xy, visibility, root, findings, source.missing_images, unit="annotation")
    bare = len(images) - len({a["image_id"] for a in data["annotations"]} & set(images))
    notes += [f"{findings.where}: {bare} images have no annotation"] if bare else []
    merged = {reason: dropped.get(reason, []) + rows for reason, rows in labels.dropped.items()}
    return replace(labels, dropped=dropped | merged, notes=[*labels.notes, *notes])


def load(path: Path, findings: Findings, labels: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """Read the file's lists of images, annotations and categories; ids become text, since tools mix 1 and "1".

    Args:
        path: The JSON.
        findings: Findings of this file.
        labels: Key that every annotation must have, if any, for instance `bbox`.

    Raises:
        UserError: The file is not COCO JSON.
    """
    data = read_json(path, findings)
    own = ("id", "image_id", "category_id", *([labels] if labels else []))
    for part in ("images", "annotations", "categories"):
        if not isinstance(data, dict) or not isinstance(data.get(part), list):
            findings.add(f"no list {part!r}; expected COCO JSON with images, annotations and categories")
        else:
            needed = {"images": ("id", "file_name"), "annotations": own}
            _check_keys(data[part], part, needed.get(part, ("id", "name")), findings)
    findings.raise_any()
    data = {part: [_with_text_ids(entry) for entry in data[part]] for part in ("images", "annotations", "categories")}
    for part in ("annotations", "categories"):
        repeated = [number for number, count in Counter(entry["id"] for entry in data[part]).items() if count > 1]
        if repeated:
            findings.add(f"{part}: the ids {', '.join(map(str, repeated[:20]))} occur more than once; number them anew")
    findings.raise_any()
    return data


def _with_text_ids(entry: dict[str, Any]) -> dict[str, Any]:
    ids = {key: entry[key] for key in ("id", "image_id", "category_id") if key in entry}
    return entry | {key: str(int(v) if isinstance(v, float) and v.is_integer() else v) for key, v in ids.items()}


def _check_keys(entries: list[Any], part: str, keys: tuple[str, ...], findings: Findings) -> None:
    for position, entry in enumerate(entries):
        lacking = [key for key in keys if not isinstance(entry, dict) or key not in entry]
        if lacking:
            findings.add(f"{part}[{position}]: lacks {lacking}")
            continue
        wrong = [key for key in keys if key.endswith("id") and not _is_id(entry[key])]
        if wrong:
            findings.add(f"{part}[{position}]: {wrong[0]} is {entry[wrong[0]]!r:.60}, expected a number or a text")


def _is_id(value: object) -> bool:
    return isinstance(value, int | float | str) and not isinstance(value, bool)


def _orders(
    categories: list[dict[str, Any]], names: list[str], findings: Findings
) -> dict[str, tuple[list[int], list[int]]]:
    """Map category id to the indices of its keypoints in the problem, and in its own list.

    A category may list its keypoints in any order, and may lack some of the problem's if another category has them.
    Categories with none of them (boxes, or the supercategory that Roboflow lists) are left out.
    """
    orders, lacking = dict[str, tuple[list[int], list[int]]](), set(names)
    for category in categories:
        listed = category.get("keypoints") or []
        if not isinstance(listed, list):
            findings.add(f"category {category['name']!r}: keypoints is {listed!r:.60}, expected a list of names")
            continue
        own = [str(name) for name in listed]
        repeated = [name for name in repeated_names(own) if name in names]
        if repeated:
            findings.add(f"category {category['name']!r} names the keypoints {repeated} twice; rename one of each")
        present = [name for name in names if name in own]
        lacking -= set(present)
        if present:
            orders[category["id"]] = [names.index(name) for name in present], [own.index(name) for name in present]
    if lacking and not findings.count:
        keypoints = {category["name"]: category.get("keypoints") or [] for category in categories}
        missing = [name for name in names if name in lacking]
        findings.add(
            f"no category has the keypoints {missing}; found {keypoints}; name them in params under `keypoints`"
        )
    return orders


def images_by_id(entries: list[dict[str, Any]], findings: Findings) -> dict[Any, dict[str, Any]]:
    """Map image id to the image's entry, whose file name is text."""
    images = {}
    for entry in entries:
        if entry["id"] in images:
            findings.add(f"image id {entry['id']} occurs twice; number the images anew")
        images[entry["id"]] = entry | {"file_name": str(entry["file_name"])}
    return images


def refuse_listed_twice(entries: list[dict[str, Any]], findings: Findings) -> None:
    """Add a finding for each file that several image entries name, of which more than one is labelled.

    Args:
        entries: The image's entry of each annotation.
        findings: Gets the findings.
    """
    ids: dict[str, set[str]] = {}
    for entry in entries:
        ids.setdefault(entry["file_name"], set()).add(entry["id"])
    for name, numbers in ids.items():
        if len(numbers) > 1:
            findings.add(f"images [{', '.join(sorted(numbers))}] are the same file {name}, and are labelled; keep one")


def sizes_of_images(entries: list[dict[str, Any]], findings: Findings) -> dict[str, list[float]]:
    """Return the columns of the size that the image's entry states, a row for each annotation."""
    names = [f"image {e['id']} ({e['file_name']})" for e in entries]
    return size_columns([(e.get("width"), e.get("height")) for e in entries], names, findings)


def subjects_of_images(
    setting: Subject | None, media: pd.Series, entries: list[dict[str, Any]], findings: Findings
) -> pd.Series:
    """Return the subject of each annotation, whose image's entry is given; the entry's keys may name it."""
    rows = pd.Series([f"image {e['id']} ({e['file_name']})" for e in entries], dtype="str")
    return subjects_of(setting, media, pd.DataFrame(entries, dtype=object), rows, findings)


def _wanted(
    annotations: list[dict[str, Any]],
    order: dict[str, tuple[list[int], list[int]]],
    sizes: dict[Any, int],
    images: dict[Any, dict[str, Any]],
    findings: Findings,
) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    """Return annotations of single instances with the problem's keypoints, and the others by the reason."""
    wanted, dropped = [], dict[str, list[str]]()
    first_id: dict[tuple[Any, ...], Any] = {}
    for annotation in annotations:
        name = f"{findings.where}:{annotation['id']}"
        if annotation.get("iscrowd"):
            dropped.setdefault(_CROWD, []).append(name)
            continue
        if annotation["category_id"] not in order:
            dropped.setdefault(_NO_KEYPOINTS, []).append(name)
            continue
        if annotation.get("keypoints") in (None, []):  # CVAT writes this for a track without visible points
            dropped.setdefault(NOTHING_LABELLED, []).append(name)
            continue
        flaw = _flaw(annotation, sizes[annotation["category_id"]], images)
        key = (annotation["image_id"], annotation["category_id"], *annotation["keypoints"]) if not flaw else ()
        if key and any(annotation["keypoints"]) and first_id.setdefault(key, annotation["id"]) != annotation["id"]:
            flaw = f"repeats annotation {first_id[key]}; remove one"
        if flaw:
            findings.add(f"annotation {annotation['id']}: {flaw}")
        else:
            wanted.append(annotation)
    return wanted, dropped


def _flaw(annotation: dict[str, Any], size: int, images: dict[Any, dict[str, Any]]) -> str:
    values = annotation["keypoints"]
    if annotation["image_id"] not in images:
        return f"image_id {annotation['image_id']} is not among images"
    if not isinstance(values, list) or len(values) != 3 * size:
        count = len(values) if isinstance(values, list) else repr(values)
        return f"keypoints has {count} values; expected x, y, v for each of the {size} keypoints of its category"
    not_numbers = [v for v in values if number(v) is None or v != v]
    if not_numbers:
        return f"keypoints holds {not_numbers[0]!r}, expected numbers"
    unknown = [v for v in values[2::3] if v not in (0, 1, 2)]
    return f"visibility {unknown[0]} in keypoints, expected 0, 1 or 2" if unknown else ""


def _triples(annotation: dict[str, Any], order: tuple[list[int], list[int]], count: int) -> Float[np.ndarray, "K 3"]:
    """Return x, y and visibility of the problem's keypoints; zeros for those that the category lacks."""
    values = np.asarray(annotation["keypoints"], dtype=np.float64).reshape(-1, 3)
    triples = np.zeros((count, 3))
    triples[order[0]] = values[order[1]]
    return triples
