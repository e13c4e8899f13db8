import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from heelstrike.errors import UserError
from heelstrike.files import write_json
from heelstrike.images import read_image
from heelstrike.preprocess.filters import apply_filters
from heelstrike.preprocess.letterbox import Letterbox
from heelstrike.preprocess.settings import InputSize
from pipeline.layout import Layout
from pipeline.params import ProblemParams, parse_params
from pipeline.prepare import stage
from pipeline.prepare.preprocess import Preprocess

SIZE = InputSize(width=64, height=96)


def params(channels: int = 3, filters: list[dict[str, Any]] | None = None) -> ProblemParams:
    section = {
        "problem": {"keypoints": ["a", "b"], "input": {"width": 64, "height": 96, "channels": channels}},
        "collect": {"sources": [{"kind": "csv"}]},
        "model": {"name": "spatial"},
        "prepare": {"filters": filters or []},
    }
    return parse_params({"problems": ["tiny"], "tiny": section})["tiny"]


def write_image(path: Path, width: int, height: int, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    cv2.imwrite(str(path), cv2.resize(noise, (width, height)))


def annotation(number: int, image: int, points: list[float]) -> dict[str, Any]:
    return {"id": number, "image_id": image, "subject": "s", "bbox": [3.0, 5.0, 40.0, 20.0], "keypoints": points}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Two images to train on, one of them with two instances, and one image each to validate and to test on."""
    made = Layout(tmp_path, "tiny")
    sizes = {1: (200, 100), 2: (90, 160), 3: (64, 96), 4: (333, 517)}
    for number, (width, height) in sizes.items():
        write_image(made.out("collect") / f"images/{number}.png", width, height, number)

    def image(number: int) -> dict[str, Any]:
        about = {"subject": "s", "video": "v.mp4", "frame": number, "time_s": number / 25, "slices": {"tone": "IV"}}
        width, height = sizes[number]
        return {"id": number, "file_name": f"images/{number}.png", "width": width, "height": height} | about

    points = [10.5, 20.25, 2, 0, 0, 0], [1, 2, 1, 30, 40, 2]
    of_split = {"train": [(1, 1, 0), (2, 2, 1), (3, 2, 0)], "val": [(4, 3, 1)], "test": [(5, 4, 1)]}
    for split, rows in of_split.items():
        images = [image(n) for n in sorted({i for _, i, _ in rows})]
        annotations = [annotation(number, i, points[p]) for number, i, p in rows]
        write_json(made.out("split") / f"{split}.json", {"images": images, "annotations": annotations})
    return made


def array(layout: Layout, name: str, split: str = "train") -> Any:
    return np.load(layout.out("prepare") / split / f"{name}.npy", mmap_mode="r")


def test_arrays_have_a_row_per_instance_in_input_pixels(layout: Layout) -> None:
    stage.run(params(), layout)
    first, second = Letterbox.fit(200, 100, SIZE), Letterbox.fit(90, 160, SIZE)
    keypoints = array(layout, "keypoints")
    assert (keypoints.shape, keypoints.dtype) == ((3, 2, 2), np.float32)
    np.testing.assert_allclose(keypoints[0, 0], first.forward(np.array([10.5, 20.25])), atol=1e-4)
    np.testing.assert_allclose(keypoints[1], second.forward(np.array([[1.0, 2], [30, 40]])), atol=1e-4)
    assert np.isnan(keypoints[0, 1]).all()
    visibility = array(layout, "visibility")
    assert visibility.dtype == np.uint8
    np.testing.assert_array_equal(visibility, [[2, 0], [1, 2], [2, 0]])
    boxes = array(layout, "boxes")
    assert boxes.dtype == np.float32
    np.testing.assert_allclose(boxes[0], first.forward_boxes(np.array([3.0, 5, 40, 20])), atol=1e-4)
    letterbox = array(layout, "letterbox")
    assert letterbox.dtype == np.float64
    np.testing.assert_allclose(letterbox[0], [first.scale, first.pad_x, first.pad_y])


def test_index_says_what_each_row_is(layout: Layout) -> None:
    stage.run(params(), layout)
    index = pd.read_parquet(layout.out("prepare") / "train" / "index.parquet")
    assert index["image"].tolist() == ["images/1.png", "images/2.png", "images/2.png"]
    assert index["annotation_id"].tolist() == [1, 2, 3]
    assert index["slice_tone"].tolist() == ["IV"] * 3
    assert index[["width", "height"]].to_numpy().tolist() == [[200, 100], [90, 160], [90, 160]]
    assert index["time_s"].tolist() == [1 / 25, 2 / 25, 2 / 25]


@pytest.mark.parametrize("channels", [1, 3])
def test_training_pixels_are_the_consumers_pixels(layout: Layout, channels: int) -> None:
    chosen = params(channels, [{"name": "clahe"}, {"name": "edge_enhance", "options": {"amount": 0.5}}])
    stage.run(chosen, layout)
    images = array(layout, "images", "test")
    assert (images.shape, images.dtype) == ((1, 96, 64, channels), np.uint8)
    original = read_image(layout.out("collect") / "images/4.png")
    expected, _ = Preprocess(chosen.problem.input)(apply_filters(original, chosen.prepare.filters))
    np.testing.assert_array_equal(images[0], expected)


def test_an_image_of_two_instances_is_there_twice(layout: Layout) -> None:
    stage.run(params(), layout)
    images = array(layout, "images")
    np.testing.assert_array_equal(images[1], images[2])
    assert (images[0] != images[1]).any()


def test_a_second_run_writes_the_same_bytes(layout: Layout) -> None:
    def contents() -> dict[str, bytes]:
        stage.run(params(), layout)
        return {str(p): p.read_bytes() for p in sorted(layout.out("prepare").rglob("*")) if p.is_file()}

    assert contents() == contents()


def test_all_bad_images_are_named_and_nothing_is_left(layout: Layout) -> None:
    images = layout.out("collect") / "images"
    (images / "1.png").write_bytes(b"no image")
    write_image(images / "2.png", 91, 160, 1)
    with pytest.raises(UserError) as error:
        stage.run(params(), layout)
    assert "1.png: not a readable image (8 bytes)" in str(error.value)
    assert "images/2.png: it is 91 x 160 pixels, but was labelled at 90 x 160" in str(error.value)
    assert not layout.out("prepare").exists()


@pytest.mark.parametrize(("content", "message"), [(None, "missing"), (b"", r"empty \(0 bytes\)")])
def test_a_missing_or_empty_image_is_named(layout: Layout, content: bytes | None, message: str) -> None:
    path = layout.out("collect") / "images/3.png"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=rf"images/3\.png: .*{message}"):
        stage.run(params(), layout)


def test_a_missing_split_says_what_to_run(layout: Layout) -> None:
    (layout.out("split") / "val.json").unlink()
    with pytest.raises(UserError, match=r"val\.json: not there; run the split stage first"):
        stage.run(params(), layout)


def test_an_image_too_thin_is_refused(layout: Layout) -> None:
    path = layout.out("split") / "val.json"
    coco = json.loads(path.read_text())
    coco["images"][0] |= {"width": 4000, "height": 2}
    path.write_text(json.dumps(coco))
    with pytest.raises(UserError, match="4000 x 2 pixels is too thin"):
        stage.run(params(), layout)
