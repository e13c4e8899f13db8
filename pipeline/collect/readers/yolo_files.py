"""The files of a YOLO data set: its YAML, the folders of images that it names, and the label file of each image."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from heelstrike.errors import UserError
from heelstrike.media import files_below, is_image
from pipeline.collect.findings import Findings
from pipeline.collect.subjects import clean

_SPLITS = ("train", "val", "valid", "test")
_NOT_LABELS = "classes.txt"  # some tools put the names of the classes beside the labels


@dataclass(frozen=True)
class YoloDataSet:
    """What the YAML states.

    Attributes:
        count: Number of keypoints K.
        width: Numbers of a keypoint: 2 for x and y, 3 with visibility.
        classes: Name of each class by its number.
        points: Names of the keypoints by class; empty if the YAML has none.
        splits: Folders, lists of images or text files of paths, by the name of the split.
        top: Folder that `path` names, as it stands there.
    """

    count: int
    width: int
    classes: dict[int, str]
    points: dict[int, list[str]]
    splits: dict[str, list[str]]
    top: str


@dataclass(frozen=True)
class YoloImage:
    """An image of the data set and its label file, which need not exist."""

    split: str
    image: Path
    labels: Path


def read_data_set(path: Path, findings: Findings) -> YoloDataSet:
    """Read the YAML.

    Raises:
        UserError: The file is empty, is not YAML, or does not describe keypoints.
    """
    try:
        data: Any = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{findings.where}: not valid YAML ({reason}); export the labels again") from None
    shape = data.get("kpt_shape") if isinstance(data, dict) else None
    if not isinstance(shape, list) or len(shape) != 2 or not _is_shape(shape):
        raise UserError(
            f"{findings.where}: no YAML of YOLO pose: expected kpt_shape: [number of keypoints, 2 or 3]"
            + (f", found {str(shape)[:80]}" if shape is not None else "")
        )
    splits = {name: _strings(data[name]) for name in _SPLITS if data.get(name)}
    if not any(splits.values()):
        raise UserError(f"{findings.where}: names no images; expected folders under {', '.join(_SPLITS)}")
    names, points = data.get("names"), data.get("kpt_names")
    return YoloDataSet(
        count=shape[0],
        width=shape[1],
        classes={number: str(name) for number, name in _numbered(names).items()},
        points={number: [clean(name) for name in _strings(value)] for number, value in _points(points).items()},
        splits=splits,
        top=str(data.get("path") or "."),
    )


def _is_shape(shape: list[Any]) -> bool:
    return all(isinstance(n, int) and not isinstance(n, bool) for n in shape) and shape[0] > 0 and shape[1] in (2, 3)


def _strings(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _numbered(value: Any) -> dict[int, Any]:
    """Return a list, or a mapping of numbers, as mapping."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else [])
    return {int(number): item for number, item in pairs if str(number).isdecimal()}


def _points(value: Any) -> dict[int, Any]:
    """Return the names of keypoints by class; a single list of names counts for class 0."""
    if isinstance(value, list) and not any(isinstance(item, list) for item in value):
        return {0: value}
    return _numbered(value)


def images_of(path: Path, data: YoloDataSet, findings: Findings, missing: str) -> tuple[list[YoloImage], list[str]]:
    """Return the images of all splits, sorted, and the splits that are not there.

    An image without a file is returned for a label file without image; its suffix is that of the other images.

    Args:
        path: The YAML.
        data: Its content.
        findings: Gets a finding for each split that is not there.
        missing: `error`, or `skip` to only return the names of such splits.
    """
    images, absent = dict[Path, YoloImage](), list[str]()
    for split, entries in data.splits.items():
        for entry in entries:
            place = _place(path.parent, data.top, entry)
            if place is None:
                absent.append(f"{split}: {entry}")
            elif place.is_dir():
                images |= {image.image: image for image in _in_folder(split, place)}
            elif is_image(place):
                images[place] = YoloImage(split, place, _labels_of(place))
            else:
                listed = (_place(place.parent, ".", line.strip()) for line in _lines(place, findings) if line.strip())
                images |= {image: YoloImage(split, image, _labels_of(image)) for image in listed if image}
    if missing == "error":
        for entry in absent:
            findings.add(f"{entry} is not there; correct it, remove it, or set missing_images: skip")
    return [images[key] for key in sorted(images)], absent


def _place(folder: Path, top: str, entry: str) -> Path | None:
    """Return the file or folder that an entry names: below `path`, or below the YAML's own folder.

    Roboflow writes ``../train/images`` where it means ``train/images``. Paths of other machines are not there.
    """
    entry = entry.replace("\\", "/")
    bare = entry
    while bare.startswith("../"):
        bare = bare.removeprefix("../")
    candidates = [folder / top / entry, folder / entry, folder / bare]
    return next((Path(os.path.normpath(c)) for c in candidates if os.path.normpath(c) and c.exists()), None)


def _in_folder(split: str, folder: Path) -> list[YoloImage]:
    """Return the images of a folder, and an image for each label file without one."""
    files = files_below(folder)
    images = [file for file in files if is_image(file)]
    stems = {image.with_suffix("") for image in images}
    suffix = Counter(image.suffix for image in images).most_common(1)[0][0] if images else ".jpg"
    beside = _labels_folder(folder)
    labels = [f for f in (files_below(beside) if beside.is_dir() else []) if f.suffix.lower() == ".txt"]
    bare = [folder / file.relative_to(beside) for file in labels if file.name != _NOT_LABELS]
    images += [file.with_suffix(suffix) for file in bare if file.with_suffix("") not in stems and beside != folder]
    return [YoloImage(split, image, _labels_of(image)) for image in images]


def _labels_folder(folder: Path) -> Path:
    """Return the folder of the labels: the last folder `images` of the path is replaced by `labels`."""
    parts = list(folder.parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    return Path(*parts)


def _labels_of(image: Path) -> Path:
    return _labels_folder(image.parent) / f"{image.stem}.txt"


def _lines(path: Path, findings: Findings) -> list[str]:
    try:
        return path.read_bytes().decode("utf-8-sig").splitlines()
    except ValueError:
        findings.add(f"{path.name} is not a text file in UTF-8")
        return []
