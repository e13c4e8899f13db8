"""Stick figures of the EE641 course: one JSON with `keypoint_names` and a list of images with their keypoints."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.annotations import SLICE_PREFIX
from pipeline.collect.findings import Findings
from pipeline.collect.instances import repeated_names
from pipeline.collect.labels import Labels, make_labels
from pipeline.collect.media_names import find_media
from pipeline.collect.readers.json_file import number, read_json
from pipeline.collect.settings import Ee641Source
from pipeline.collect.subjects import subjects_of
from pipeline.problem import Problem

_SUFFIX = "_annotations"


def read(path: Path, root: Path, source: Ee641Source, problem: Problem) -> Labels:
    """Read NAME_annotations.json, whose pictures lie in the folder NAME beside it.

    Every point is visible. NAME becomes the slice `part`, so that `split.given`
    can keep the published split.

    Args:
        path: The JSON.
        root: The folder that all media of the source are relative to.
        source: Image folder and names of keypoints.
        problem: Names of the keypoints.

    Raises:
        UserError: Anything is wrong with the file; every finding is listed.
    """
    findings = Findings(path.relative_to(root).as_posix())
    data = _load(path, findings)
    names, wanted = data["keypoint_names"], [source.keypoints.get(name, name) for name in problem.keypoints]
    if repeated := [name for name in repeated_names(names) if name in wanted]:
        findings.add(f"keypoint_names has {repeated} twice; rename one of each")
    lacking = [name for name in wanted if name not in names]
    if lacking:
        findings.add(f"no keypoints {lacking}; found {names}; name them in params under `keypoints`")
    entries = data["images"]
    for position, entry in enumerate(entries):
        if flaw := _flaw(entry, len(names)):
            findings.add(f"images[{position}]: {flaw}")
    findings.raise_any()
    part = path.stem.removesuffix(_SUFFIX)
    order = [names.index(name) for name in wanted]
    xy = np.array([entry["keypoints"] for entry in entries], np.float64).reshape(-1, len(names), 2)[:, order]
    files = pd.Series([str(entry["file_name"]) for entry in entries], dtype="str")
    media = find_media(root, path.parent / (source.images or part), files, findings)
    offered = pd.DataFrame(entries, dtype=object).drop(columns="keypoints")
    rows = pd.Series([f"image {entry['id']}" for entry in entries], dtype="str")
    table = pd.DataFrame(
        {
            "media": media,
            "frame": -1,
            "instance": 0,
            "subject": subjects_of(source.subject, media, offered, rows, findings),
            "source": pd.Series([f"{findings.where}:{entry['id']}" for entry in entries], dtype="str"),
            f"{SLICE_PREFIX}part": part,
        }
    )
    visibility = np.full(xy.shape[:2], 2)
    return make_labels(table, problem.keypoints, xy, visibility, root, findings, source.missing_images, unit="image")


def _load(path: Path, findings: Findings) -> dict[str, Any]:
    data = read_json(path, findings)
    for key in ("images", "keypoint_names"):
        if not isinstance(data, dict) or not isinstance(data.get(key), list) or not data[key]:
            findings.add(f"no list {key!r}; expected images with their keypoints, and keypoint_names")
    findings.raise_any()
    return dict(data)


def _flaw(entry: Any, points: int) -> str:
    lacking = [k for k in ("id", "file_name", "keypoints") if not isinstance(entry, dict) or k not in entry]
    if lacking:
        return f"lacks {lacking}"
    keypoints = entry["keypoints"]
    if not isinstance(keypoints, list) or len(keypoints) != points:
        return f"keypoints are {keypoints!r}, expected {points} pairs x, y"
    numbers = [v for pair in keypoints for v in (pair if isinstance(pair, list) and len(pair) == 2 else [None])]
    if any(number(v) is None for v in numbers):
        return f"keypoints are {keypoints!r}, expected {points} pairs x, y"
    return ""
