"""SLEAP projects (.slp): HDF5 with JSON texts and tables of frames, instances and points.

The file is read with h5py, which runs no code of the file. A point is labelled if it has coordinates and is visible.
Before version 1.1 of the format, coordinates count from the corner of the top-left pixel; half a pixel is subtracted.
Images inside the file (`.pkg.slp`) are not read; the video that they come from has to lie beside it.

Format: https://io.sleap.ai/latest/formats/slp/.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from heelstrike.errors import UserError
from heelstrike.media import is_video
from pipeline.collect.findings import Findings
from pipeline.collect.labels import Labels
from pipeline.collect.readers.hdf5_file import Hdf5File
from pipeline.collect.readers.labelled_instances import UNKNOWN_SIZE, Instance, labels_of, order_of
from pipeline.collect.readers.media_files import MediaFiles
from pipeline.collect.settings import SleapSource
from pipeline.collect.subjects import clean
from pipeline.problem import Problem

_USER, _PREDICTED = 0, 1
_CENTRED_SINCE = 1.1  # version from which a pixel's centre has whole coordinates
_UNKNOWN_SINCE = 3.0  # versions with tables of another kind
_PREDICTION = "predicted by SLEAP, not labelled (`predicted: true` reads them)"
_SUPERSEDED = "predicted by SLEAP, and corrected by a person in another instance"
_INSTANCE = ("instance_id", "instance_type", "skeleton", "track", "from_predicted", "point_id_start", "point_id_end")
_POINT = ("x", "y", "visible")
_NO_NODES = "its skeleton has none of the problem's keypoints"


@dataclass(frozen=True)
class _Project:
    """The content of a file.

    Attributes:
        version: Version of the format.
        skeletons: Names of the nodes of each skeleton.
        videos: Entry of each video.
        tracks: Names of the tracks.
        frames: Table of labelled frames.
        instances: Table of instances.
        points: Tables of labelled and of predicted points.
    """

    version: float
    skeletons: list[list[str]]
    videos: list[dict[str, Any]]
    tracks: list[str]
    frames: np.ndarray
    instances: np.ndarray
    points: dict[int, np.ndarray]


def read(path: Path, root: Path, source: SleapSource, problem: Problem) -> Labels:
    """Read a project; each instance of a frame is one.

    Args:
        path: The .slp file.
        root: The folder that all media of the source are relative to.
        source: Names of the nodes, and whether predictions are read.
        problem: Names of the K keypoints.

    Raises:
        UserError: Anything is wrong with the file; every finding is listed.
    """
    findings = Findings(path.relative_to(root).as_posix())
    project = _open(path, findings)
    order = order_of(source.keypoints, problem)
    _check_nodes(project, order, findings)
    findings.raise_any()
    media = MediaFiles(root, [path.parent / source.videos, path.parent], findings)
    reading = _Reading(project, source, order, findings)
    index = _video_index(project)
    instances: list[Instance] = []
    for row in project.frames:
        video, frame = index.get(int(row["video"])), int(row["frame_idx"])
        if video is None:
            findings.add(f"frame {frame}: video {row['video']} is not among the file's {len(project.videos)} videos")
            continue
        entry = project.videos[video]
        name, of_video = _file_of(entry, frame, findings)
        where = media.path(name) if name else ""
        number = f"video {video}, frame {frame}"
        instances += reading.instances(row, where, of_video if is_video(where) else -1, number, _size(entry))
    return labels_of(instances, source, problem, root, findings, reading.dropped, reading.notes)


class _Reading:
    """What the instances of one file become."""

    def __init__(self, project: _Project, source: SleapSource, order: dict[str, int], findings: Findings) -> None:
        self.project, self.source, self.order, self.findings = project, source, order, findings
        self.dropped: dict[str, list[str]] = {}
        self.notes: list[str] = []
        used = project.instances["from_predicted"][project.instances["instance_type"] == _USER]
        self._corrected = {int(i) for i in used if i >= 0}

    def instances(self, row: np.void, media: str, frame: int, number: str, size: tuple[float, float]) -> list[Instance]:
        """Return the instances of a row of the table of frames; a frame without any gets one without points."""
        start, end = int(row["instance_id_start"]), int(row["instance_id_end"])
        if end > len(self.project.instances):
            self.findings.add(f"{number}: instances {start} to {end}, the file has {len(self.project.instances)}")
            return []
        labelled = []
        for i in range(start, end):
            entry = self.project.instances[i]
            reason = self._reason_to_drop(entry)
            if reason:
                self.dropped.setdefault(reason, []).append(f"{self.findings.where}:{number}")
                continue
            track = int(entry["track"])
            name = self.project.tracks[track] if 0 <= track < len(self.project.tracks) else ""
            instance = Instance(media, number, frame, size, {"track": name})
            self._add_points(instance, entry)
            labelled.append(instance)
        return labelled or ([Instance(media, number, frame, size, {"track": ""})] if start == end else [])

    def _reason_to_drop(self, entry: np.void) -> str:
        if not set(self.project.skeletons[int(entry["skeleton"])]) & set(self.order):
            return _NO_NODES
        if int(entry["instance_type"]) != _PREDICTED:
            return ""
        if int(entry["instance_id"]) in self._corrected:
            return _SUPERSEDED
        return "" if self.source.predicted else _PREDICTION

    def _add_points(self, instance: Instance, entry: np.void) -> None:
        nodes = self.project.skeletons[int(entry["skeleton"])]
        table = self.project.points[int(entry["instance_type"])]
        points = table[int(entry["point_id_start"]) : int(entry["point_id_end"])]
        if len(points) != len(nodes):
            self.findings.add(f"{instance.number}: {len(points)} points, its skeleton has the nodes {nodes}")
            return
        offset = 0 if self.project.version >= _CENTRED_SINCE else 0.5
        for name, point in zip(nodes, points, strict=True):
            if name in self.order and point["visible"] and not np.isnan([point["x"], point["y"]]).all():
                xy = float(point["x"]) - offset, float(point["y"]) - offset
                instance.add(self.order[name], xy, 2, name, self.findings)


def _open(path: Path, findings: Findings) -> _Project:
    try:
        with Hdf5File(path) as file:
            version = float(file.attribute("metadata", "format_id", 1.0))
            if version >= _UNKNOWN_SINCE:
                raise UserError(
                    f"{findings.where}: version {version} of SLEAP's format; versions below {_UNKNOWN_SINCE} are read; "
                    "save it with an older version of SLEAP"
                )
            if file.has("video_crops"):
                raise UserError(f"{findings.where}: has cropped videos, which are not read; save it without crops")
            metadata = json.loads(file.attribute("metadata", "json"))
            videos = [json.loads(text) for text in file.texts("videos_json")]
            tracks = file.texts("tracks_json") if file.has("tracks_json") else []
            predicted = "pred_points" if file.has("pred_points") else "points"
            return _Project(
                version=version,
                skeletons=_skeletons(metadata),
                videos=[_with_source(file, video) for video in videos],
                tracks=[str(json.loads(text)[1]) for text in tracks],
                frames=file.table("frames", ("video", "frame_idx", "instance_id_start", "instance_id_end")),
                instances=file.table("instances", _INSTANCE),
                points={_USER: file.table("points", _POINT), _PREDICTED: file.table(predicted, _POINT)},
            )
    except (
        OSError,
        RuntimeError,
        KeyError,
        IndexError,
        TypeError,
        ValueError,
        AttributeError,
        RecursionError,
    ) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(f"{findings.where}: not a SLEAP project ({reason}); save it again in SLEAP") from None


def _skeletons(metadata: dict[str, Any]) -> list[list[str]]:
    """Return the names of the nodes of each skeleton, in the order of its points.

    Skeletons number the nodes of the file's list. Since SLEAP 1.3.2 they are in `nx_graph`. Some files have the whole
    node in place of its number, as jsonpickle writes it.
    """
    names = [str(node["name"]) for node in metadata["nodes"]]
    graphs = [skeleton.get("nx_graph", skeleton) for skeleton in metadata["skeletons"]]
    return [[clean(_node_name(node["id"], names)) for node in graph["nodes"]] for graph in graphs]


def _node_name(node: Any, names: list[str]) -> str:
    if isinstance(node, dict):
        return str(node["name"] if "name" in node else node["py/state"]["py/tuple"][0])
    return names[int(node)]


def _with_source(file: Hdf5File, video: dict[str, Any]) -> dict[str, Any]:
    """Return the entry of a video; that of the video which its embedded images come from, if it has such images."""
    backend = video.get("backend") or {}
    if backend.get("filename", video.get("filename")) != ".":
        return video
    dataset = str(backend.get("dataset") or "")
    for key in ("source_video", "original_video"):
        group = f"{dataset.removesuffix('/video')}/{key}"
        if dataset and file.has(group):
            text = file.texts(f"{group}/json")[0] if file.has(f"{group}/json") else file.attribute(group, "json")
            return json.loads(text) | {"embedded": dataset}
    return (video.get("source_video") or {}) | {"embedded": dataset}


def _video_index(project: _Project) -> dict[int, int]:
    """Map `video` of a frame to the position of the video.

    It is that position, except in files with embedded images, where it may be the number in the name of their dataset.
    """
    count, stated = len(project.videos), {int(row["video"]) for row in project.frames}
    if not stated or max(stated) < count:
        return {position: position for position in range(count)}
    datasets = [str(video.get("embedded", "")).split("/")[0].removeprefix("video") for video in project.videos]
    return {int(name) if name.isdecimal() else position: position for position, name in enumerate(datasets)}


def _file_of(video: dict[str, Any], frame: int, findings: Findings) -> tuple[str, int]:
    """Return the name of the file with a frame, and the frame's number in it."""
    backend = video.get("backend") or {}
    images = backend.get("filenames")
    if isinstance(images, list):
        if frame < len(images):
            return str(images[frame]), -1
        findings.add(f"frame {frame}: its video has {len(images)} images")
        return "", -1
    name = backend.get("filename") or video.get("filename")
    if not name or name == ".":
        findings.add(
            f"frame {frame}: its image is embedded in the file, which does not name the video that it comes from; save "
            "the project with its video instead of a package"
        )
        return "", -1
    return str(name), frame


def _size(video: dict[str, Any]) -> tuple[float, float]:
    shape = (video.get("backend") or {}).get("shape")
    if not isinstance(shape, list) or len(shape) != 4 or not all(isinstance(n, int) and n > 0 for n in shape[1:3]):
        return UNKNOWN_SIZE
    return float(shape[2]), float(shape[1])


def _check_nodes(project: _Project, order: dict[str, int], findings: Findings) -> None:
    nodes = {name for skeleton in project.skeletons for name in skeleton}
    lacking = [name for name in order if name not in nodes]
    if lacking:
        findings.add(f"no node {lacking}; found {sorted(nodes)}; name the nodes in params under `keypoints`")
    for skeleton in project.skeletons:
        twice = {name for name in skeleton if skeleton.count(name) > 1 and name in order}
        if twice:
            findings.add(f"a skeleton has the nodes {sorted(twice)} twice; rename one")
    numbers = project.instances["skeleton"] if len(project.instances) else np.empty(0)
    if len(numbers) and int(numbers.max()) >= len(project.skeletons):
        findings.add(f"instances have skeleton {int(numbers.max())}, the file has {len(project.skeletons)} skeletons")
