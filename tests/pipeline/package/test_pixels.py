"""What a network is trained on and what a consumer's network sees are the same pixels, for every filter."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest

from heelstrike.errors import UserError
from heelstrike.files import write_json
from heelstrike.images import read_image
from heelstrike.package.manifest import MODEL, Category, read_manifest, write_manifest
from heelstrike.package.runtime import Package
from heelstrike.preprocess.settings import FILTER_OPTIONS, Filter, InputSize
from heelstrike.video.reader import VideoReader
from heelstrike.video.writer import write_video
from pipeline.layout import Layout
from pipeline.params import parse_params
from pipeline.prepare import stage
from pipeline.prepare.labelled import Labelled, filtered_images
from pipeline.prepare.preprocess import preprocess_model
from tests.packages import make_package

SIZE = InputSize(width=64, height=48)
OPTIONS: list[dict[str, Any]] = [
    {"name": "noise_reduction", "options": {"kind": "bilateral"}},
    {"name": "canny", "options": {"over_colour": True}},
]
CHAINS: list[list[dict[str, Any]]] = [
    *[[{"name": name}] for name in FILTER_OPTIONS],
    *[[entry] for entry in OPTIONS],
    [{"name": "clahe"}, {"name": "noise_reduction"}, {"name": "canny", "options": {"over_colour": True}}],
    [{"name": "noise_reduction"}, {"name": "background_subtraction"}, {"name": "edge_enhance"}],
]
LABELLED = {"train": [3, 7, 11], "val": [2], "test": [9, 10]}

_GRAPH = """
<ir_version: 10, opset_import: ["" : 18]>
g (uint8[H,W,C] input) => (uint8[H,W,C] network_input)
{
  network_input = Identity(input)
}
"""


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """A video of twelve frames below data/raw, frames of it collected and split, a still image beside."""
    made = Layout(tmp_path_factory.mktemp("pixels"), "p")
    made.raw.mkdir(parents=True)
    rng = np.random.default_rng(2)
    scene = cv2.resize(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8), (160, 120))

    def frame(number: int) -> np.ndarray:
        image = scene.copy()
        cv2.circle(image, (20 + 8 * number, 60), 12, (250, 240, 230), -1)
        return image

    write_video(made.raw / "walk.mp4", (frame(n) for n in range(12)), 25)
    folder = made.out("collect") / "images" / "walk.mp4"
    folder.mkdir(parents=True)
    with VideoReader(made.raw / "walk.mp4") as video:
        for one in video.frames():
            cv2.imwrite(str(folder / f"{one.number:06d}.png"), one.image[..., ::-1])
    for split, numbers in LABELLED.items():
        about = {"width": 160, "height": 120, "subject": "s", "video": "walk.mp4", "slices": {}}
        images = [
            {"id": n, "file_name": f"images/walk.mp4/{n:06d}.png", "frame": n, "time_s": n / 25, **about}
            for n in numbers
        ]
        annotations = [
            {"id": n, "image_id": n, "subject": "s", "bbox": [0.0, 0, 9, 9], "keypoints": [3, 4, 2]} for n in numbers
        ]
        # a second instance of the first image: the frame must not be seen twice
        annotations.insert(1, annotations[0] | {"id": 99})
        write_json(made.out("split") / f"{split}.json", {"images": images, "annotations": annotations})
    return made


@pytest.fixture
def consumer(tmp_path: Path) -> Callable[..., Package]:
    """A package with one output, the pixels that its network sees."""

    def make(filters: list[dict[str, Any]]) -> Package:
        fields = {"heads": {"pixels": ("network_input",)}, "category": Category(name="scene"), "flip_pairs": ()}
        chain = [Filter.model_validate(entry) for entry in filters]
        make_package(tmp_path, filters=chain, input=SIZE, measure=None, **fields)
        network = onnx.parser.parse_model(_GRAPH)
        graph = onnx.compose.merge_models(preprocess_model(SIZE), network, io_map=[("pixels", "input")])
        del graph.graph.output[:]
        graph.graph.output.extend(network.graph.output)
        (tmp_path / MODEL).write_bytes(graph.SerializeToString())
        manifest = read_manifest(tmp_path)
        written = {name: getattr(manifest, name) for name in type(manifest).model_fields}
        write_manifest(tmp_path, **{k: v for k, v in written.items() if k not in ("files", "digest")})
        return Package.load(tmp_path, threads=1)

    return make


def prepared(layout: Layout, filters: list[dict[str, Any]], split: str) -> np.ndarray:
    section = {
        "problem": {"keypoints": ["a"], "input": SIZE.model_dump()},
        "collect": {"sources": [{"kind": "csv"}]},
        "model": {"name": "spatial"},
        "prepare": {"filters": filters},
    }
    stage.run(parse_params({"problems": ["p"], "p": section})["p"], layout)
    return np.load(layout.out("prepare") / split / "images.npy")


@pytest.mark.parametrize("filters", CHAINS, ids=lambda chain: "-".join(entry["name"] for entry in chain))
def test_training_pixels_are_those_of_a_consumers_video(
    layout: Layout, consumer: Callable[..., Package], filters: list[dict[str, Any]]
) -> None:
    predict, network_inputs = consumer(filters).predictor(), {}
    with VideoReader(layout.raw / "walk.mp4") as video:
        for frame in video.frames():
            network_inputs[frame.number] = predict(frame.picture).others["network_input"]
    images = {split: prepared(layout, filters, split) for split in LABELLED}
    for split, numbers in LABELLED.items():
        expected = [network_inputs[n] for n in [numbers[0], *numbers]]  # the first image has two instances
        np.testing.assert_array_equal(images[split], np.array(expected))
    assert images["train"].std() > 0, "nothing is left of the image"


@pytest.mark.parametrize("filters", CHAINS[:-1], ids=lambda chain: "-".join(entry["name"] for entry in chain))
def test_training_pixels_are_those_of_a_consumers_image(
    layout: Layout, consumer: Callable[..., Package], filters: list[dict[str, Any]]
) -> None:
    package, image = consumer(filters), read_image(layout.out("collect") / "images/walk.mp4/000009.png")
    if filters == [{"name": "background_subtraction"}]:
        with pytest.raises(UserError, match="cannot be applied to a still image"):
            package.predict(image)
        return
    np.testing.assert_array_equal(prepared(layout, filters, "test")[0], package.predict(image).others["network_input"])


def test_order_counts(layout: Layout) -> None:
    chain = CHAINS[-2]
    assert (prepared(layout, chain, "test") != prepared(layout, chain[::-1], "test")).any()


class TestFramesBefore:
    FILTERS = [Filter(name="background_subtraction")]

    def test_a_still_image_is_named(self, layout: Layout) -> None:
        file = layout.out("collect") / "images/walk.mp4/000009.png"
        with pytest.raises(UserError, match=r"000009\.png: a still image, but a filter needs the frames before it"):
            list(filtered_images([Labelled(file)], self.FILTERS))

    def test_a_video_that_is_gone_is_named(self, layout: Layout) -> None:
        with pytest.raises(UserError, match=r"gone\.mp4: not there, but a filter needs all its frames"):
            list(filtered_images([Labelled(Path("a.png"), layout.raw / "gone.mp4", 3)], self.FILTERS))

    @pytest.mark.parametrize("frames", [[7, 3], [3, 40]])
    def test_frames_out_of_order_or_beyond_the_end_are_an_error(self, layout: Layout, frames: list[int]) -> None:
        images = [Labelled(Path("a.png"), layout.raw / "walk.mp4", n) for n in frames]
        with pytest.raises(UserError, match=r"walk\.mp4: frame (3|40) was expected next"):
            list(filtered_images(images, self.FILTERS))
