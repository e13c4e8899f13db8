"""Hostile label files of the other formats: JSON that is no JSON, wrong types, numbers that are none, paths, doubles."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tables

from tests.hostile.checks import Input

WIDTH, HEIGHT = 96, 64

SOURCES: dict[str, dict[str, Any]] = {
    "coco": {"kind": "coco", "labels": "*.json"},
    "via": {"kind": "via", "labels": "*.json"},
    "label_studio": {"kind": "label_studio", "labels": "*/*.json"},
    "deeplabcut": {"kind": "deeplabcut", "labels": "CollectedData*"},
    "landmarks": {"kind": "landmarks", "labels": "labels.csv"},
}

RIGHT = {"rows": 1, "heel_x": 10.0, "heel_y": 20.0, "toe_x": 50.5, "toe_y": 30.25}
"""What every format's good file says of its only picture."""

Make = Callable[[Path], Path]


def _picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8))


def _coco() -> dict[str, Any]:
    return {
        "images": [{"id": 1, "file_name": "foot.png", "width": WIDTH, "height": HEIGHT}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "keypoints": [10, 20, 2, 50.5, 30.25, 2], "num_keypoints": 2}
        ],
        "categories": [{"id": 1, "name": "foot", "keypoints": ["heel", "toe"]}],
    }


def _via() -> dict[str, Any]:
    def point(name: str, x: float, y: float) -> dict[str, Any]:
        return {"shape_attributes": {"name": "point", "cx": x, "cy": y}, "region_attributes": {"landmark": name}}

    regions = [point("heel", 10, 20), point("toe", 50.5, 30.25)]
    return {"foot.png-1": {"filename": "foot.png", "size": -1, "regions": regions, "file_attributes": {}}}


def _label_studio() -> list[dict[str, Any]]:
    def point(name: str, x: float, y: float) -> dict[str, Any]:
        value = {"x": (x + 0.5) / WIDTH * 100, "y": (y + 0.5) / HEIGHT * 100, "width": 0.5, "keypointlabels": [name]}
        size = {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
        return {"id": name, "type": "keypointlabels", "value": value, **size}

    result = [point("heel", 10, 20), point("toe", 50.5, 30.25)]
    return [{"id": 1, "data": {"image": "foot.png"}, "annotations": [{"id": 1, "completed_by": 1, "result": result}]}]


_DEEPLABCUT = (
    "scorer,me,me,me,me\nbodyparts,heel,heel,toe,toe\ncoords,x,y,x,y\nlabeled-data/walk/foot.png,10,20,50.5,30.25\n"
)
_LANDMARKS = "image,landmark,x,y\nfoot.png,heel,10,20\nfoot.png,toe,50.5,30.25\n"

_CONTENT: dict[str, Callable[[], Any]] = {"coco": _coco, "via": _via, "label_studio": _label_studio}
_PLACES = {
    "coco": ("labels.json", "foot.png"),
    "via": ("via.json", "foot.png"),
    "label_studio": ("anna/export.json", "anna/foot.png"),
    "deeplabcut": ("CollectedData_me.csv", "labeled-data/walk/foot.png"),
    "landmarks": ("labels.csv", "foot.png"),
}


def text(kind: str, content: str | bytes) -> Make:
    """An inbox with the picture and a label file of this content."""

    def make(inbox: Path) -> Path:
        label_file, picture = _PLACES[kind]
        _picture(inbox / picture)
        (inbox / label_file).write_bytes(content if isinstance(content, bytes) else content.encode())
        return inbox

    return make


def changed(kind: str, *path: Any, value: Any) -> Make:
    """The good file with another value at a path of keys."""
    data = copy.deepcopy(_CONTENT[kind]())
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return text(kind, json.dumps(data))


def without(kind: str, *path: Any) -> Make:
    """The good file without a key."""
    data = copy.deepcopy(_CONTENT[kind]())
    place = data
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return text(kind, json.dumps(data))


def doubled(kind: str, *path: Any, **changes: Any) -> Make:
    """The good file with the first entry of a list twice, the second with changes."""
    data = copy.deepcopy(_CONTENT[kind]())
    place = data
    for key in path:
        place = place[key]
    place.append(copy.deepcopy(place[0]) | changes)
    return text(kind, json.dumps(data))


GOOD: dict[str, Make] = {
    **{kind: text(kind, json.dumps(content())) for kind, content in _CONTENT.items()},
    "deeplabcut": text("deeplabcut", _DEEPLABCUT),
    "landmarks": text("landmarks", _LANDMARKS),
}

POINT_OF = {
    "coco": (("annotations", 0, "keypoints", 0), "foot|annotation 1"),
    "via": (("foot.png-1", "regions", 0, "shape_attributes", "cx"), "foot"),
    "label_studio": ((0, "annotations", 0, "result", 0, "value", "x"), "heel|task 1|:1"),
}
FILE_OF = {
    "coco": ("images", 0, "file_name"),
    "via": ("foot.png-1", "filename"),
    "label_studio": (0, "data", "image"),
}


def _of_every_json(kind: str) -> list[Input]:
    """What may be wrong with any JSON format."""
    point, where = POINT_OF[kind]
    file, good = FILE_OF[kind], json.dumps(_CONTENT[kind]())
    return [
        Input(f"{kind}: zero bytes", text(kind, ""), None, r"\.json"),
        Input(f"{kind}: cut short", text(kind, good[: len(good) // 2]), None, "JSON"),
        Input(f"{kind}: a byte order mark", text(kind, b"\xef\xbb\xbf" + good.encode()), RIGHT, "JSON"),
        Input(f"{kind}: no UTF-8", text(kind, b'{"images": "\xff\xfe"}'), None, "JSON"),
        Input(f"{kind}: 100 000 brackets", text(kind, "[" * 100_000), None, "JSON"),
        Input(f"{kind}: another kind of JSON", text(kind, '{"a": [1]}'), None, "expected"),
        Input(f"{kind}: a bare number", text(kind, "17"), None, "expected"),
        Input(f"{kind}: a coordinate that is text", changed(kind, *point, value="ten"), None, where),
        Input(f"{kind}: a coordinate that is null", changed(kind, *point, value=None), None, where),
        Input(f"{kind}: a coordinate that is true", changed(kind, *point, value=True), None, where),
        Input(f"{kind}: a coordinate that is NaN", changed(kind, *point, value=float("nan")), None, f"{where}|image 1|heel"),
        Input(f"{kind}: a coordinate that is infinite", changed(kind, *point, value=float("inf")), None, f"{where}|image 1|heel"),
        Input(f"{kind}: a coordinate of 400 digits", changed(kind, *point, value=10**400), None, f"{where}|image 1|heel"),
        Input(f"{kind}: a picture above the inbox", changed(kind, *file, value="../../foot.png"), RIGHT if kind == "label_studio" else None, r"foot\.png|label"),
        Input(f"{kind}: a picture that is not there", changed(kind, *file, value="hand.png"), None, r"hand\.png|label|image"),
        Input(f"{kind}: a picture that is a number", changed(kind, *file, value=17), None, "17|label|image|name"),
    ]  # fmt: skip


COCO = [
    Input("coco: an image id twice", doubled("coco", "images", file_name="other.png"), None, "id 1"),
    Input("coco: an image twice under two ids", doubled("coco", "images", id=2), RIGHT, r"foot\.png"),
    Input("coco: an annotation twice", doubled("coco", "annotations", id=2), None, "repeats annotation 1"),
    Input("coco: an annotation of no image", changed("coco", "annotations", 0, "image_id", value=9), None, "image_id 9"),
    Input("coco: one number too few", changed("coco", "annotations", 0, "keypoints", value=[10, 20, 2, 50, 30]), None, "annotation 1.*5"),
    Input("coco: keypoints that are an object", changed("coco", "annotations", 0, "keypoints", value={"x": 1}), None, "annotation 1"),
    Input("coco: keypoints of a track without points", changed("coco", "annotations", 0, "keypoints", value=[]), None, "labelled"),
    Input("coco: a visibility of 7", changed("coco", "annotations", 0, "keypoints", value=[10, 20, 7, 50, 30, 2]), None, "visibility 7"),
    Input("coco: a visibility of 2.0", changed("coco", "annotations", 0, "keypoints", value=[10, 20, 2.0, 50.5, 30.25, 2.0]), RIGHT),
    Input("coco: other names of keypoints", changed("coco", "categories", 0, "keypoints", value=["a", "b"]), None, "heel"),
    Input("coco: a keypoint's name twice", changed("coco", "categories", 0, "keypoints", value=["heel", "heel", "toe"]), None, "heel|annotation 1"),
    Input("coco: names that are no list", changed("coco", "categories", 0, "keypoints", value=17), None, r"categor|keypoints"),
    Input("coco: an id that is a list", changed("coco", "annotations", 0, "image_id", value=[1]), None, "image_id"),
    Input("coco: an image without a file name", without("coco", "images", 0, "file_name"), None, "file_name"),
]  # fmt: skip

SIZES = [
    Input("coco: images of half the size", changed("coco", "images", 0, value={"id": 1, "file_name": "foot.png", "width": 48, "height": 32}),
          RIGHT | {"heel_x": 20.5, "heel_y": 40.5, "toe_x": 101.5, "toe_y": 61.0}, "48.*32|size"),
    Input("coco: images of another shape", changed("coco", "images", 0, value={"id": 1, "file_name": "foot.png", "width": 64, "height": 64}), None, "64"),
]  # fmt: skip

VIA = [
    Input("via: a landmark twice", doubled("via", "foot.png-1", "regions"), None, "heel twice"),
    Input("via: no landmark of the problem", changed("via", "foot.png-1", "regions", value=[]), None, "heel|labelled"),
    Input("via: regions that are text", changed("via", "foot.png-1", "regions", value="heel"), None, "VGG"),
    Input("via: a region that is a number", changed("via", "foot.png-1", "regions", 0, value=17), None, "foot|region|VGG"),
    Input("via: an attribute that is a list", changed("via", "foot.png-1", "regions", 0, "region_attributes", value=["heel"]), None, "heel|region|VGG"),
]  # fmt: skip

LABEL_STUDIO = [
    Input("label_studio: a point twice", doubled("label_studio", 0, "annotations", 0, "result", id="other"), None, "heel"),
    Input("label_studio: a result that is a number", changed("label_studio", 0, "annotations", 0, "result", 0, value=17), None, "task|result|:1"),
    Input("label_studio: a result without a type", without("label_studio", 0, "annotations", 0, "result", 0, "type"), None, "task|result|type|:1"),
    Input("label_studio: an original size of nothing", changed("label_studio", 0, "annotations", 0, "result", 0, "original_width", value=0), None, "size|original_width|width"),
    Input("label_studio: the short form of an export", text("label_studio", '[{"image": "foot.png", "kp": [{"x": 1, "y": 2}]}]'), None, "JSON-MIN"),
    Input("label_studio: no annotation", changed("label_studio", 0, "annotations", value=[]), None, "labelled"),
    Input("label_studio: an annotation that was cancelled", changed("label_studio", 0, "annotations", 0, "was_cancelled", value=True), None, "labelled"),
    Input("label_studio: a percent-encoded name of the picture", changed("label_studio", 0, "data", "image", value="/data/upload/1/%66oot.png"), RIGHT, "foot|image"),
]  # fmt: skip

DEEPLABCUT = [
    Input("deeplabcut: no header", text("deeplabcut", _LANDMARKS + "a,b,1,2\n"), None, "header"),
    Input("deeplabcut: two scorers", text("deeplabcut", _DEEPLABCUT.replace("toe,toe", "heel,heel")), None, "twice|toe"),
    Input("deeplabcut: no y of a part", text("deeplabcut", _DEEPLABCUT.replace("coords,x,y,x,y", "coords,x,y,x,likelihood")), None, "toe"),
    Input("deeplabcut: an unknown coordinate", text("deeplabcut", _DEEPLABCUT.replace("coords,x,y,x,y", "coords,x,y,x,z")), None, "'z'"),
    Input("deeplabcut: a cell that is text", text("deeplabcut", _DEEPLABCUT.replace("50.5", "left")), None, "toe x"),
    Input("deeplabcut: a header only", text("deeplabcut", "\n".join(_DEEPLABCUT.splitlines()[:3]) + "\n"), None, "header"),
    Input("deeplabcut: a picture above the inbox", text("deeplabcut", _DEEPLABCUT.replace("labeled-data/walk", "../..")), None, "outside|not there"),
    Input("deeplabcut: HDF5 that is none", lambda inbox: _hdf(inbox, b"\x89HDF\r\n\x1a\n" + bytes(100)), None, "HDF5"),
    Input("deeplabcut: HDF5 that runs code", lambda inbox: _hdf_with_code(inbox), None, "HDF5|table|pickle"),
]  # fmt: skip

LANDMARKS = [
    Input("landmarks: a point twice", text("landmarks", _LANDMARKS + "foot.png,heel,11,21\n"), None, "row 4"),
    Input("landmarks: no point of a keypoint", text("landmarks", _LANDMARKS.replace("toe", "hand")), None, "toe"),
    Input("landmarks: another landmark is empty", text("landmarks", _LANDMARKS + "foot.png,ball,,\n"), RIGHT),
    Input("landmarks: a number that is none", text("landmarks", _LANDMARKS.replace("50.5", "5O.5")), None, "column x"),
    Input("landmarks: a column twice", text("landmarks", _LANDMARKS.replace("landmark,x,y", "landmark,x,x")), None, "x"),
    Input("landmarks: no file is named", text("landmarks", _LANDMARKS.replace("foot.png,toe", ",toe")), None, "image|foot|row"),
    Input("landmarks: columns of the user's called who, which, line, row and k",
          text("landmarks", "image,landmark,x,y,who,which,line,row,k\nfoot.png,heel,10,20,a,b,7,7,9\nfoot.png,toe,50.5,30.25,a,b,8,8,9\n"), RIGHT),
]  # fmt: skip


def _hdf(inbox: Path, content: bytes) -> Path:
    _picture(inbox / _PLACES["deeplabcut"][1])
    (inbox / "CollectedData_me.h5").write_bytes(content)
    return inbox


class _Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (self.path, "w")


def _hdf_with_code(inbox: Path) -> Path:
    """A pickled attribute that makes a file in the inbox, which the snapshot of `judge` then finds."""
    _picture(inbox / _PLACES["deeplabcut"][1])
    with tables.open_file(inbox / "CollectedData_me.h5", "w") as file:
        group = file.create_group("/", "df_with_missing")
        group._v_attrs.pandas_type = "frame"
        group._v_attrs.columns = _Touch(inbox / "code-has-run")
    return inbox


INPUTS = [
    *(entry for kind in _CONTENT for entry in _of_every_json(kind)),
    *COCO,
    *VIA,
    *LABEL_STUDIO,
    *DEEPLABCUT,
    *LANDMARKS,
]
