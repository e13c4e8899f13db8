import subprocess
import sys

import numpy as np
import onnx
import pytest

from heelstrike.errors import UserError
from heelstrike.measure.radii import Radii
from heelstrike.package.manifest import write_manifest
from heelstrike.package.runtime import Package
from tests.packages import SHARES, make_package


def rewrite(folder, model):
    """Replace the graph of a package and sign it anew."""
    fields = make_package(folder).model_dump(exclude={"files", "digest"})
    (folder / "model.onnx").write_bytes(model)
    write_manifest(folder, **fields)


def test_predicts_in_the_pixels_of_an_image_of_any_size(tmp_path):
    make_package(tmp_path)
    package = Package.load(tmp_path)
    for height, width in ((90, 160), (33, 7), (1080, 1920)):
        prediction = package.predict(np.full((height, width, 3), 48, np.uint8))
        np.testing.assert_allclose(prediction.keypoints, np.array(SHARES) * [width, height], rtol=1e-5)
        np.testing.assert_allclose(prediction.confidence, 0.75)
        np.testing.assert_allclose(prediction.box, np.array([0.25, 0.25, 0.5, 0.5]) * [width, height, width, height])


def test_radii_are_in_the_pixels_of_the_image_and_grow_where_confidence_falls(tmp_path):
    factors = (1.0, 1.0, 2.0, 1.0, 1.0, None)
    radii = Radii(level=0.9, subjects=45, difficulty=((0.5, 4.0), (1.0, 2.0)), factors=factors)
    make_package(tmp_path, radii=radii)
    package = Package.load(tmp_path)
    expected = np.array([1, 1, 2, 1, 1, np.inf])
    # 64 x 64 pixels of input: half and a quarter of the image's; the shade is the confidence times 64
    for width, shade, size in ((128, 64, 4.0), (256, 64, 8.0), (128, 48, 6.0), (128, 16, 8.0)):
        image = np.full((width, width, 3), shade, np.uint8)
        np.testing.assert_allclose(package.predict(image).radius, expected * size)
        np.testing.assert_allclose(package.predict(image, mirrored=True).radius, expected * size)
    make_package(tmp_path / "without")
    assert Package.load(tmp_path / "without").predict(image).radius is None


def test_views_that_are_not_contiguous_are_fine(tmp_path):
    make_package(tmp_path)
    image = np.full((40, 60, 3), 200, np.uint8)[::-1, ::2, ::-1]
    assert Package.load(tmp_path).predict(image).keypoints.shape == (6, 2)


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)],
)
def test_what_is_no_rgb_image_is_refused_with_what_was_found(tmp_path, image):
    make_package(tmp_path)
    with pytest.raises(UserError, match=r"expected an RGB image .* of uint8, found \(.*\) of "):
        Package.load(tmp_path).predict(image)


def test_image_too_thin_to_scale_is_refused(tmp_path):
    make_package(tmp_path)
    with pytest.raises(UserError, match="2000 x 3 pixels is too thin"):
        Package.load(tmp_path).predict(np.zeros((3, 2000, 3), np.uint8))


def test_wrong_hash_is_refused_before_the_graph_is_loaded(tmp_path):
    make_package(tmp_path)
    data = bytearray((tmp_path / "model.onnx").read_bytes())
    data[40] ^= 255
    (tmp_path / "model.onnx").write_bytes(data)
    with pytest.raises(UserError, match=r"model.onnx: SHA-256 \w+ found, \w+ expected"):
        Package.load(tmp_path)


def test_graph_that_is_none(tmp_path):
    rewrite(tmp_path, b"no graph")
    with pytest.raises(UserError, match=r"model.onnx: ONNX Runtime cannot load it"):
        Package.load(tmp_path)


def test_graph_with_other_outputs(tmp_path):
    text = '<ir_version: 10, opset_import: ["" : 18]> g (float[1] x) => (float[1] y) { y = Identity(x) }'
    rewrite(tmp_path, onnx.parser.parse_model(text).SerializeToString())
    with pytest.raises(
        UserError, match=r"the graph has the inputs {'x': \('tensor\(float\)', \[1\]\)}, expected one 'image'"
    ):
        Package.load(tmp_path)


def test_loading_and_predicting_needs_no_torch(tmp_path):
    make_package(tmp_path)
    code = (
        "import sys, numpy; from pathlib import Path; from heelstrike.package.runtime import Package;"
        "Package.load(Path(sys.argv[1])).predict(numpy.zeros((8, 8, 3), 'uint8'));"
        "heavy = {'torch', 'mlflow', 'onnx', 'lightning', 'albumentations'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
