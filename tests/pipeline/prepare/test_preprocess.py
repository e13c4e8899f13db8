import cv2
import numpy as np
import onnx
import pytest
from onnx import helper

from heelstrike.preprocess.letterbox import Letterbox
from heelstrike.preprocess.settings import PAD_VALUE, InputSize
from pipeline.prepare.preprocess import Preprocess, preprocess_model

SQUARE = InputSize(width=256, height=256)


def spot(width: int, height: int, x: float, y: float, sigma: float) -> np.ndarray:
    """A bright Gaussian on black, its centre at (x, y) with pixel centres on whole numbers."""
    rows, columns = np.mgrid[:height, :width]
    value = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))
    return np.repeat(value.round().astype(np.uint8)[..., None], 3, axis=2)


def centroid(gray: np.ndarray) -> np.ndarray:
    rows, columns = np.mgrid[: gray.shape[0], : gray.shape[1]]
    return np.array([(gray * columns).sum(), (gray * rows).sum()]) / gray.sum()


@pytest.mark.parametrize(
    ("width", "height"), [(1920, 1080), (640, 480), (333, 517), (257, 256), (256, 256), (100, 77), (400, 999)]
)
def test_a_spot_lands_where_the_letterbox_says(width: int, height: int) -> None:
    box = Letterbox.fit(width, height, SQUARE)
    centre = np.array([width * 0.61 + 0.3, height * 0.37 + 0.2])
    pixels, _ = Preprocess(SQUARE)(spot(width, height, *centre, sigma=max(2.5 / box.scale, 2.5)))
    bright = pixels[..., 0].astype(float)
    rows, columns = np.mgrid[:256, :256]
    bright[np.hypot(columns - box.forward(centre)[0], rows - box.forward(centre)[1]) > 20] = 0
    np.testing.assert_allclose(centroid(bright), box.forward(centre), atol=0.05)


@pytest.mark.parametrize("size", [SQUARE, InputSize(width=320, height=96), InputSize(width=64, height=224)])
def test_the_graph_and_the_letterbox_agree_for_every_size(size: InputSize) -> None:
    preprocess = Preprocess(size)
    sides = np.random.default_rng(5).integers(17, 700, (300, 2)).tolist()
    # halves: where rounding up and rounding to even part
    for width, height in [*sides, [512, 101], [512, 103], [1024, 250], [1024, 254], [77, 512], [79, 512]]:
        pixels, letterbox = preprocess(np.zeros((height, width, 3), np.uint8))
        expected = Letterbox.fit(width, height, size)
        assert pixels.shape == (size.height, size.width, 3)
        np.testing.assert_allclose(letterbox, [expected.scale, expected.pad_x, expected.pad_y], rtol=1e-6)
        inner = pixels[..., 0] == 0
        rows, columns = np.flatnonzero(inner.any(1)), np.flatnonzero(inner.any(0))
        assert (columns[0], rows[0]) == (expected.pad_x, expected.pad_y)
        assert (pixels[~inner] == PAD_VALUE).all()


def test_an_image_of_the_input_size_is_unchanged() -> None:
    image = np.random.default_rng(1).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    pixels, letterbox = Preprocess(SQUARE)(image)
    np.testing.assert_array_equal(pixels, image)
    np.testing.assert_array_equal(letterbox, [1, 0, 0])


def test_fine_stripes_do_not_alias() -> None:
    image = np.zeros((1024, 1024, 3), np.uint8)
    image[:, ::2] = 255
    pixels, _ = Preprocess(SQUARE)(image)
    assert np.abs(pixels[:, 4:-4].astype(int) - 127).max() <= 2


def test_gray_equals_opencv_gray_of_the_scaled_image() -> None:
    image = np.random.default_rng(2).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    colour, _ = Preprocess(SQUARE)(image)
    gray, _ = Preprocess(InputSize(width=256, height=256, channels=1))(image)
    assert gray.shape == (256, 256, 1)
    assert np.abs(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY).astype(int) - gray[..., 0]).max() <= 1


def test_threads_do_not_change_a_byte() -> None:
    image = np.random.default_rng(3).integers(0, 256, (777, 1111, 3), dtype=np.uint8)
    np.testing.assert_array_equal(Preprocess(SQUARE, threads=1)(image)[0], Preprocess(SQUARE, threads=2)(image)[0])


@pytest.mark.parametrize("opset", [18, 20, 21])
def test_the_graph_merges_in_front_of_another(opset: int) -> None:
    uint8 = onnx.TensorProto.UINT8
    network = helper.make_model(
        helper.make_graph(
            [helper.make_node("Identity", ["input"], ["output"])],
            "network",
            [helper.make_tensor_value_info("input", uint8, [256, 256, 3])],
            [helper.make_tensor_value_info("output", uint8, [256, 256, 3])],
        ),
        opset_imports=[helper.make_opsetid("", opset)],
        ir_version=10,
    )
    merged = onnx.compose.merge_models(preprocess_model(SQUARE, opset), network, io_map=[("pixels", "input")])
    assert [o.name for o in merged.graph.output] == ["letterbox", "output"]
