"""Images of one kind mirrored: arrays and labels are those of the mirror image; a package gives back the original's."""

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from heelstrike.errors import UserError
from heelstrike.files import write_json
from heelstrike.heads.prediction import Prediction
from heelstrike.heads.registry import mirror_prediction
from heelstrike.package.runtime import Package
from heelstrike.predict.measurer import About
from heelstrike.predict.predictor import predict_path
from heelstrike.predict.results import ModelReference
from heelstrike.preprocess.settings import InputSize, Mirror
from pipeline.layout import Layout
from pipeline.params import parse_params
from pipeline.prepare import stage
from pipeline.prepare.labels import write_labels
from pipeline.problem import Problem
from tests.packages import make_package

MIRROR = {"slice": "foot", "value": "left"}


def prepared(root: Path, flip: bool) -> Layout:
    """A left and a right foot; with `flip` the left one's file and label are mirrored by hand and none by the stage."""
    layout = Layout(root, "p")
    pixels = np.random.default_rng(1).integers(0, 255, (40, 31, 3), np.uint8)
    (layout.out("collect") / "images").mkdir(parents=True)
    for split in ("train", "val", "test"):
        images, annotations = [], []
        for number, foot in enumerate(("left", "right"), start=1):
            by_hand = flip and foot == "left"
            image = pixels[:, ::-1] if by_hand else pixels
            name = f"images/{split}-{foot}.png"
            cv2.imwrite(str(layout.out("collect") / name), image)
            about = {"subject": "s", "video": "", "frame": -1, "time_s": None, "slices": {"foot": foot}}
            images.append({"id": number, "file_name": name, "width": 31, "height": 40, "mm_per_px": 0.5} | about)
            x, box = (30 - 4.0, [31 - 1 - 2.0 - 8, 3.0, 8, 9]) if by_hand else (4.0, [2.0, 3.0, 8, 9])
            points = [x, 7, 2, 0, 0, 0]
            annotations.append({"id": number, "image_id": number, "subject": "s", "bbox": box, "keypoints": points})
        write_json(layout.out("split") / f"{split}.json", {"images": images, "annotations": annotations})
    section = {
        "problem": {"keypoints": ["a", "b"], "input": {"width": 32, "height": 64}},
        "collect": {"sources": [{"kind": "csv"}]},
        "model": {"name": "spatial", "levels": 1},
        "prepare": {"mirror": None if flip else MIRROR, "filters": [{"name": "invert"}]},
    }
    stage.run(parse_params({"problems": ["p"], "p": section})["p"], layout)
    return layout


def test_arrays_are_those_of_the_mirror_image(tmp_path: Path) -> None:
    by_stage, by_hand = (
        prepared(tmp_path / name, name == "hand").out("prepare") / "test" for name in ("stage", "hand")
    )
    for name in ("images", "keypoints", "boxes", "visibility", "letterbox"):
        np.testing.assert_array_equal(np.load(by_stage / f"{name}.npy"), np.load(by_hand / f"{name}.npy"), err_msg=name)
    index = pd.read_parquet(by_stage / "index.parquet")
    assert index["mirrored"].tolist() == [True, False] and index["mm_per_px"].tolist() == [0.5, 0.5]


def test_all_instances_of_an_image_are_mirrored(tmp_path: Path) -> None:
    about = {"subject": "s", "video": "", "frame": -1, "time_s": None, "slices": {"foot": "left"}}
    image = {"id": 1, "file_name": "i.png", "width": 64, "height": 64} | about
    annotations = [
        {"id": n, "image_id": 1, "subject": "s", "bbox": box, "keypoints": [], "category_id": n}
        for n, box in enumerate(([2.0, 3.0, 8, 9], [20.0, 3.0, 10, 9]), start=1)
    ]
    problem = Problem(classes=("heel", "toe"), multi_instance=True, input=InputSize(width=64, height=64))
    write_labels([image], annotations, problem, tmp_path, Mirror(**MIRROR))
    (objects,) = np.load(tmp_path / "objects.npy")
    assert objects.tolist() == [[53, 3, 8, 9, 0], [33, 3, 10, 9, 1]]


def test_what_was_found_in_a_mirror_image_goes_back() -> None:
    boxes = np.array([[2.0, 3.0, 8, 9], [20.0, 3.0, 10, 9]])
    found = Prediction(boxes=boxes, scores=np.array([0.9, 0.8]), classes=np.array([0, 1]))
    back = mirror_prediction(found, 64)
    assert back.boxes.tolist() == [[53, 3, 8, 9], [33, 3, 10, 9]]
    assert back.keypoints is None and back.box is None
    np.testing.assert_array_equal(mirror_prediction(back, 64).boxes, boxes)


def test_a_package_gives_points_of_the_image_as_it_was_taken(tmp_path: Path) -> None:
    make_package(tmp_path / "package", mirror=Mirror(**MIRROR))
    package = Package.load(tmp_path / "package", threads=1)
    image = np.full((60, 50, 3), 200, np.uint8)
    plain, back = package.predict(image), package.predict(image, mirrored=True)
    np.testing.assert_allclose(back.keypoints[:, 0], 49 - plain.keypoints[:, 0], atol=1e-5)
    np.testing.assert_allclose(back.keypoints[:, 1], plain.keypoints[:, 1])
    assert package.mirrors({"foot": "left"}) and not package.mirrors({"foot": "right"})


def test_a_consumer_is_asked_and_the_result_says_the_scale(tmp_path: Path) -> None:
    make_package(tmp_path / "package", mirror=Mirror(**MIRROR))
    package, model = Package.load(tmp_path / "package", threads=1), ModelReference("x")
    cv2.imwrite(str(tmp_path / "foot.png"), np.full((60, 50, 3), 200, np.uint8))
    with pytest.raises(UserError, match="--about foot=left"):
        predict_path(tmp_path / "foot.png", package, model, tmp_path)
    about = About(mm_per_px=0.25, slices={"foot": "left"})
    (done,) = predict_path(tmp_path / "foot.png", package, model, tmp_path, about=about).done
    result = json.loads(done.files[0].read_text())
    assert result["source"]["mm_per_px"] == 0.25
    assert result["frames"][0]["keypoints"][0][0] == pytest.approx(49 - 0.4 * 50, abs=1e-3)
