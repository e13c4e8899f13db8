"""Videos of every kind are predicted on from the decoder's planes as from their RGB frames."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import onnx
import onnx.compose
import onnx.parser
import pytest

from heelstrike.measure.radii import Radii
from heelstrike.package.image import ArrayImage
from heelstrike.package.runtime import Package
from heelstrike.preprocess.settings import InputSize, Zoom
from heelstrike.video.reader import VideoReader
from pipeline.prepare.preprocess import preprocess_model
from tests.packages import make_package

SIZE = InputSize(width=64, height=64)
SPOTS = np.array([[0, 0], [4, 30], [0, 60], [40, 0], [44, 32], [40, 60]])
APART = 0.7  # pixels by which the two ways may differ here, where spots are told by colours of half the resolution

# Six spots of six colours, each found where its colour is: the mean place, weighted by how near the colour is.
_COLOURS = ((220, 40, 40), (40, 220, 40), (40, 40, 220), (220, 220, 40), (220, 40, 220), (40, 220, 220))
_GRAPH = """
<ir_version: 10, opset_import: ["" : 18]>
g (uint8[64,64,3] seen, float[3] map) => (float[6,2] keypoints, float[6] confidence, float[4] box)
<float[6,1,1,3] colours = {COLOURS}, float[1,64] columns = {NUMBERS}, float[64,1] rows = {NUMBERS},
 float limit = {120.0}, float half = {0.5}, float least = {1.0}, int64[1] last = {-1}, int64[2] both = {-2, -1},
 int64[1] zero = {0}, int64[1] one = {1}, int64[1] three = {3}, float[4] nowhere = {0.0, 0.0, 1.0, 1.0},
 float[6] sure = {1.0, 1.0, 1.0, 1.0, 1.0, 1.0}>
{
  pixels_float = Cast<to = 1>(seen)
  away = Sub(pixels_float, colours)
  far = ReduceL1<keepdims = 0>(away, last)
  near = Sub(limit, far)
  weight = Relu(near)
  mass = ReduceSum<keepdims = 1>(weight, both)
  total = Max(mass, least)
  share = Div(weight, total)
  along_x = Mul(share, columns)
  along_y = Mul(share, rows)
  x = ReduceSum<keepdims = 0>(along_x, both)
  y = ReduceSum<keepdims = 0>(along_y, both)
  x_column = Unsqueeze(x, one)
  y_column = Unsqueeze(y, one)
  points = Concat<axis = 1>(x_column, y_column)
  map_scale = Slice(map, zero, one)
  pad = Slice(map, one, three)
  unpadded = Sub(points, pad)
  centred = Add(unpadded, half)
  enlarged = Div(centred, map_scale)
  keypoints = Sub(enlarged, half)
  confidence = Identity(sure)
  box = Identity(nowhere)
}
"""


def package(folder: Path, zoom: Zoom | None) -> Package:
    """A package that finds the spots, with radii."""
    colours = ", ".join(f"{value}.0" for colour in _COLOURS for value in colour)
    numbers = ", ".join(f"{number}.0" for number in range(64))
    network = onnx.parser.parse_model(_GRAPH.replace("COLOURS", colours).replace("NUMBERS", numbers))
    links = [("pixels", "seen"), ("letterbox", "map")]
    graph = onnx.compose.merge_models(
        preprocess_model(SIZE), network, io_map=links, outputs=["keypoints", "confidence", "box"]
    )
    radii = Radii(level=0.9, subjects=40, difficulty=((0.5, 4.0), (1.0, 2.0)), factors=(1.0,) * 6)
    make_package(folder, graph, input=SIZE, zoom=zoom, radii=radii)
    return Package.load(folder, 1)


def places(number: int) -> np.ndarray:
    """The spots of a frame."""
    return SPOTS + np.array([60 + 4 * number, 40])


def frames(height: int, width: int, count: int = 8) -> Iterator[np.ndarray]:
    """The spots move to the right over a gray ground."""
    for number in range(count):
        image = np.full((height, width, 3), 120, np.uint8)
        for (x, y), colour in zip(places(number), _COLOURS, strict=True):
            image[y - 5 : y + 6, x - 5 : x + 6] = colour
        yield image


def write(path: Path, codec: str = "libx264", rotation: int = 0, options: dict[str, str] | None = None) -> Path:
    """A video of the spots whose time stamps are not regular."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options={"crf": "8"} | (options or {}))
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        if rotation:
            stream.set_display_rotation(rotation)
        for number, image in enumerate(frames(240, 320)):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = number + number // 3
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rotation": 90},
        {"rotation": -90},
        {"rotation": 180},
        {"options": {"x264-params": "tff=1"}},
        {"options": {"color_range": "pc"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("mirrored", [False, True])
def test_points_are_those_of_the_rgb_frames(tmp_path: Path, options: dict[str, Any], mirrored: bool) -> None:
    used = package(tmp_path, Zoom(fill=0.5))
    fast, slow = used.predictor(mirrored), used.predictor(mirrored)
    with VideoReader(write(tmp_path / "a.mp4", **options)) as video:
        for frame in video.frames():
            one, other = fast(frame.picture), slow(ArrayImage(frame.image))
            np.testing.assert_allclose(one.keypoints, other.keypoints, atol=APART)
            np.testing.assert_allclose(one.confidence, other.confidence, atol=1e-3)
    assert "rotation" in options or np.abs(one.keypoints - places(7)).max() < 1


def test_whole_frames_are_scaled_for_a_package_that_does_not_zoom(tmp_path: Path) -> None:
    predict = package(tmp_path, None).predictor()
    with VideoReader(write(tmp_path / "a.mp4")) as video:
        frame = next(iter(video.frames()))
    assert frame.picture.for_input(SIZE).shape == (48, 64, 3)
    one, other = predict(frame.picture), predict(ArrayImage(frame.image))
    scale = 64 / 320  # input pixels per pixel of the frame
    np.testing.assert_allclose(one.keypoints, other.keypoints, atol=APART / scale)
    np.testing.assert_allclose(one.radius, 2 / scale)
