"""What only one format of the annotation tools has, each on a file as the tool writes it."""

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter

from heelstrike.errors import UserError
from pipeline.annotations import keypoints_of
from pipeline.collect.labels import Labels
from pipeline.collect.readers import READERS
from pipeline.collect.settings import Source
from pipeline.problem import Problem
from tests.pipeline.collect.readers.tool_formats import FRAMES, INSTANCES, POINTS, sleap_metadata

NAMES = ("heel", "toe")


def read(path: Path, kind: str, **settings: Any) -> Labels:
    source: Any = TypeAdapter(Source).validate_python({"kind": kind, "subject": "image"} | settings)
    return READERS[kind](path, path.parent, source, Problem(keypoints=NAMES, multi_instance=True))


def points_of(labels: Labels) -> list[list[list[float]]]:
    xy, visibility = keypoints_of(labels.table, NAMES)
    return np.concatenate([np.nan_to_num(xy, nan=-1), visibility[..., None]], axis=2).tolist()


def shape(label: str, x: Any, y: Any, kind: str | None = "point", group: Any = None) -> dict[str, Any]:
    return {"label": label, "points": [[x, y]], "shape_type": kind, "group_id": group, "flags": {}}


class TestLabelMe:
    def write(self, folder: Path, *shapes: dict[str, Any], name: str = "a.png", encoding: str = "utf-8") -> Path:
        (folder / "a.png").write_bytes(b"")
        data = {"version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": name}
        (folder / "a.json").write_text(
            json.dumps(data | {"imageHeight": 48, "imageWidth": 64}, ensure_ascii=False), encoding=encoding
        )
        return folder / "a.json"

    @pytest.mark.parametrize("name", ["a.png", "..\\images\\a.png", "C:\\walks\\a.png", "../lost/b.png"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_image_and_encoding(self, tmp_path, name, encoding):
        labels = read(self.write(tmp_path, shape("heel", 1.5, 2), name=name, encoding=encoding), "labelme")
        assert labels.table["media"].tolist() == ["a.png"]
        assert points_of(labels) == [[[1.5, 2, 2], [-1, -1, 0]]]
        assert labels.table[["labelled_width", "labelled_height"]].to_numpy().tolist() == [[64, 48]]

    def test_other_shapes_and_labels_are_listed(self, tmp_path):
        shapes = shape("heel", 1, 2), shape("nose", 3, 4), shape("heel", 1, 2, "circle")
        labels = read(self.write(tmp_path, *shapes), "labelme")
        assert labels.dropped == {
            "the label 'nose' is not a keypoint of the problem": ["a.json:shape 2"],
            "a circle, not a point": ["a.json:shape 3"],
        }

    @pytest.mark.parametrize(
        ("shapes", "message"),
        [
            ([shape("heel", 1, 2), shape("heel", 3, 4)], "image labels heel twice"),
            ([shape("heel", float("nan"), 2)], "image, heel: found .nan, 2.0., expected the numbers x and y"),
            ([shape("heel", "1", 2)], "image, heel: found .None, 2.0."),
            ([shape("heel", 1, 2, group=1), shape("heel", 1, 2, group=2)], "group 2 repeats group 1"),
            (["heel"], "shape 1: expected a mapping"),
        ],
    )
    def test_findings(self, tmp_path, shapes, message):
        with pytest.raises(UserError, match=f"a.json: {message}"):
            read(self.write(tmp_path, *shapes), "labelme")


CVAT_VIDEO = """<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version><meta><task><id>5</id><start_frame>10</start_frame><stop_frame>19</stop_frame>
<frame_filter>step=3</frame_filter><original_size><width>64</width><height>48</height></original_size></task>
<source>walk.mp4</source></meta>
<track id="0" label="foot" source="manual">
 <skeleton frame="10" keyframe="1"><attribute name="patient">p1</attribute>
  <points label="heel" keyframe="1" outside="0" occluded="0" points="1.50,2.00"></points>
  <points label="toe" keyframe="1" outside="0" occluded="1" points="3.00,4.00"></points></skeleton>
 <skeleton frame="13" keyframe="0"><attribute name="patient">p1</attribute>
  <points label="heel" keyframe="0" outside="0" occluded="0" points="1.75,2.00"></points>
  <points label="toe" keyframe="0" outside="0" occluded="0" points="3.50,4.00"></points></skeleton>
 <skeleton frame="{last}" keyframe="1"><attribute name="patient">p1</attribute>
  <points label="heel" keyframe="1" outside="0" occluded="0" points="2.00,2.00"></points>
  <points label="toe" keyframe="1" outside="1" occluded="0" points="4.00,4.00"></points></skeleton>
</track>
<track id="1" label="foot"><skeleton frame="10" keyframe="1">
  <points label="heel" keyframe="1" outside="1" occluded="0" points="1,2"></points></skeleton></track>
<track id="2" label="shoe"><box frame="10" keyframe="1" outside="0" xtl="1" ytl="1" xbr="2" ybr="2"></box></track>
</annotations>"""


class TestCvat:
    def write(self, folder: Path, text: str) -> Path:
        (folder / "walk.mp4").write_bytes(b"")
        (folder / "a.png").write_bytes(b"")
        (folder / "annotations.xml").write_text(text)
        return folder / "annotations.xml"

    def test_tracks_of_a_video_with_a_frame_filter(self, tmp_path):
        labels = read(self.write(tmp_path, CVAT_VIDEO.format(last=16)), "cvat", subject="patient")
        assert labels.table["frame"].tolist() == [10, 16]
        assert set(labels.table["media"]) == {"walk.mp4"}
        assert set(labels.table["subject"]) == {"p1"}
        assert points_of(labels) == [[[1.5, 2, 2], [3, 4, 1]], [[2, 2, 2], [-1, -1, 0]]]
        assert labels.table["labelled_width"].tolist() == [64, 64]
        assert sorted(map(len, labels.dropped.values())) == [1, 1, 1]  # interpolated, empty track, box

    def test_interpolated_frames(self, tmp_path):
        labels = read(self.write(tmp_path, CVAT_VIDEO.format(last=16)), "cvat", interpolated=True)
        assert labels.table["frame"].tolist() == [10, 13, 16]

    def test_frames_that_the_task_does_not_have(self, tmp_path):
        with pytest.raises(UserError, match=r"track 0, frame 15: the task has the frames 10, 13, 16"):
            read(self.write(tmp_path, CVAT_VIDEO.format(last=15)), "cvat")

    def test_points_in_order(self, tmp_path):
        image = '<image id="0" name="a.png" width="64" height="48"><points label="foot" points="{}"/></image>'
        path = self.write(tmp_path, f"<annotations>{image.format('1,2;3,4')}</annotations>")
        assert points_of(read(path, "cvat", skeleton="foot")) == [[[1, 2, 2], [3, 4, 2]]]
        path = self.write(tmp_path, f"<annotations>{image.format('1,2')}</annotations>")
        with pytest.raises(UserError, match="image 0: 1 points 'foot', expected the problem's 2 keypoints in order"):
            read(path, "cvat", skeleton="foot")

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "empty"),
            ("<a>", "not valid XML"),
            ("<a/>", "expected the element annotations"),
            ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><annotations>&x;</annotations>', "document type"),
            ('<!DOCTYPE a [<!ENTITY x "xx"><!ENTITY y "&x;&x;">]><annotations>&y;</annotations>', "document type"),
        ],
    )
    def test_what_is_not_read(self, tmp_path, text, message):
        with pytest.raises(UserError, match=f"annotations.xml: .*{message}"):
            read(self.write(tmp_path, text), "cvat")


class TestSleap:
    def write(self, folder: Path, version: float = 1.2, video: str = "C:\\walks\\walk.mp4") -> Path:
        (folder / "walk.mp4").write_bytes(b"")
        backend = {"filename": video, "shape": [30, 48, 64, 3]}
        # the third instance was predicted, the second is its correction
        kinds, origins = (0, 0, 1, 1), (-1, 2, -1, -1)
        rows = [(n, kinds[n], n // 3, 0, -1, origins[n], 0, 2 * (n % 2), 2 * (n % 2) + 2, 0) for n in range(4)]
        points = [(1.5, 2, True, True), (3, 4, True, True), (5, 6, True, True), (7, 8, False, True)]
        with h5py.File(folder / "labels.slp", "w") as file:
            file.create_group("metadata").attrs["format_id"] = version
            file["metadata"].attrs["json"] = np.bytes_(json.dumps(sleap_metadata(NAMES)))
            file["videos_json"] = [np.bytes_(json.dumps({"backend": backend}))]
            file["frames"] = np.array([(0, 0, 7, 0, 3), (1, 0, 9, 3, 4)], FRAMES)
            file["instances"], file["points"] = np.array(rows, INSTANCES), np.array(points, POINTS)
            file["pred_points"] = np.array([(*p, 0.5) for p in points], [*POINTS, ("score", "f8")])
        return folder / "labels.slp"

    @pytest.mark.parametrize(("version", "offset"), [(1.2, 0), (1.0, 0.5)])
    def test_user_instances(self, tmp_path, version, offset):
        labels = read(self.write(tmp_path, version), "sleap")
        assert labels.table["frame"].tolist() == [7, 7]
        assert set(labels.table["media"]) == {"walk.mp4"}
        assert points_of(labels) == [
            [[1.5 - offset, 2 - offset, 2], [3 - offset, 4 - offset, 2]],
            [[5 - offset, 6 - offset, 2], [-1, -1, 0]],
        ]
        assert labels.table[["labelled_width", "labelled_height"]].iloc[0].tolist() == [64, 48]
        assert sorted(map(len, labels.dropped.values())) == [1, 1]

    def test_predictions_that_nobody_corrected(self, tmp_path):
        assert read(self.write(tmp_path), "sleap", predicted=True).table["frame"].tolist() == [7, 7, 9]

    def test_embedded_images_without_their_video(self, tmp_path):
        with pytest.raises(UserError, match=r"labels\.slp: frame 7: its image is embedded"):
            read(self.write(tmp_path, video="."), "sleap")

    def test_values_in_another_file(self, tmp_path):
        path = self.write(tmp_path)
        with h5py.File(path, "a") as file:
            del file["frames"]
            file["frames"] = h5py.ExternalLink("/etc/hostname", "/frames")
        with pytest.raises(UserError, match=r"labels\.slp: not a SLEAP project"):
            read(path, "sleap")

    @pytest.mark.parametrize("content", [b"", b"no HDF5", b"\x89HDF\r\n\x1a\n"])
    def test_what_is_not_hdf5(self, tmp_path, content):
        (tmp_path / "labels.slp").write_bytes(content)
        with pytest.raises(UserError, match=r"labels\.slp: "):
            read(tmp_path / "labels.slp", "sleap")


PREDICTIONS = """scorer,tracker,tracker,tracker,tracker,tracker,tracker,tracker
bodyparts,heel,heel,heel,heel,toe,toe,toe
coords,x,y,likelihood,x_ens_var,x,y,likelihood
0,1.5,2,0.99,0.1,3,4,0.95
1,1.5,2,0.2,0.1,3,4,{likelihood}
"""


class TestLightningPose:
    @pytest.mark.parametrize("name", ["walk.csv", "walkDLC_resnet50_footJan1shuffle1_1000.csv"])
    def test_predictions_of_a_video(self, tmp_path, name):
        (tmp_path / "videos").mkdir()
        (tmp_path / "videos" / "walk.mp4").write_bytes(b"")
        (tmp_path / name).write_text(PREDICTIONS.format(likelihood=0.9))
        labels = read(tmp_path / name, "lightning_pose")
        assert labels.table["media"].tolist() == ["videos/walk.mp4"] * 2
        assert labels.table["frame"].tolist() == [0, 1]
        assert points_of(labels) == [[[1.5, 2, 2], [3, 4, 2]], [[-1, -1, 0], [3, 4, 2]]]
        assert labels.notes == [
            f"{name}: the columns ['x_ens_var'] are not used",
            f"{name}: 1 of 4 points are less likely than 0.9 and count as not labelled",
        ]

    def test_an_unlikely_frame_is_listed(self, tmp_path):
        (tmp_path / "walk.mp4").write_bytes(b"")
        (tmp_path / "walk.csv").write_text(PREDICTIONS.format(likelihood="nan"))
        assert read(tmp_path / "walk.csv", "lightning_pose").dropped == {"nothing is labelled": ["walk.csv:row 5"]}

    def test_labels_without_likelihood(self, tmp_path):
        (tmp_path / "walk.csv").write_text("scorer,me,me\nbodyparts,heel,heel\ncoords,x,y\n0,1,2\n")
        with pytest.raises(UserError, match=r"walk.csv: header: no likelihood of heel, .*the kind `deeplabcut`"):
            read(tmp_path / "walk.csv", "lightning_pose")


class TestYoloPose:
    def write(self, folder: Path, line: str, yaml: str = "kpt_shape: [2, 3]\n") -> Path:
        for name in ("images", "labels"):
            (folder / "train" / name).mkdir(parents=True)
        Image.new("RGB", (64, 48)).save(folder / "train" / "images" / "a.png")
        (folder / "train" / "labels" / "a.txt").write_text(line)
        (folder / "data.yaml").write_text(f"{yaml}train: ../train/images\nnames: [foot]\n")
        return folder / "data.yaml"

    def test_shares_become_pixels(self, tmp_path):
        labels = read(self.write(tmp_path, "0 0.5 0.5 1 1 0.25 0.5 2 0 0 0\n"), "yolo_pose", slices=["split"])
        assert points_of(labels) == [[[16, 24, 2], [-1, -1, 0]]]
        assert labels.table["media"].tolist() == ["train/images/a.png"]
        assert labels.table["slice_split"].tolist() == ["train"]
        assert labels.files == ["train/labels/a.txt"]
        assert "taken as ['heel', 'toe'], in this order" in labels.notes[0]

    def test_without_visibility(self, tmp_path):
        labels = read(self.write(tmp_path, "0 0.5 0.5 1 1 0 0 0.5 0.5", "kpt_shape: [2, 2]\n"), "yolo_pose")
        assert points_of(labels) == [[[-1, -1, 0], [32, 24, 2]]]

    def test_empty_files_and_bare_boxes_are_listed(self, tmp_path):
        assert read(self.write(tmp_path / "x", ""), "yolo_pose").dropped["nothing is labelled"]
        assert read(self.write(tmp_path / "y", "0 0.5 0.5 1 1"), "yolo_pose").dropped["a box without keypoints"]

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("0 0.5 0.5 1 1 0.25 0.5 2", "8 values, expected 11"),
            ("0 0.5 0.5 1 1 16 24 2 0 0 0", r"heel at \[16.0, 24.0\], expected shares"),
            ("0 0.5 0.5 1 1 nan 0.5 2 0 0 0", "heel at .nan, 0.5., expected shares"),
            ("0 0.5 0.5 1 1 0.2 0.5 3 0 0 0", "visibility 3.0 of heel"),
            ("0 0.5 0.5 1 1 a 0.5 2 0 0 0", "expected 11 numbers"),
        ],
    )
    def test_findings(self, tmp_path, line, message):
        with pytest.raises(UserError, match=f"data.yaml: train/labels/a.txt line 1: .*{message}"):
            read(self.write(tmp_path, line), "yolo_pose")

    @pytest.mark.parametrize("yaml", ["", "- 1\n", "kpt_shape: 3\n", "kpt_shape: [3, 3]\n", "a: [\n"])
    def test_what_is_not_read(self, tmp_path, yaml):
        with pytest.raises(UserError, match=r"data\.yaml: "):
            read(self.write(tmp_path, "", yaml), "yolo_pose")
