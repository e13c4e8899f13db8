import json

import pytest

from heelstrike.errors import UserError
from heelstrike.files import json_digest
from heelstrike.package.manifest import read_manifest, verify
from heelstrike.preprocess.settings import Filter
from pipeline.package.category import category_of
from tests.packages import PROBLEM, make_package


def test_manifest_is_read_back_as_written(tmp_path):
    written = make_package(tmp_path, filters=(Filter(name="grayscale"),), metrics={"rmse_px": 0.9})
    assert read_manifest(tmp_path) == written
    verify(tmp_path, written)


def test_category_is_coco_and_counts_from_one():
    category = category_of(PROBLEM)
    assert category.name == "lower_legs"
    assert category.keypoints == PROBLEM.keypoints
    assert category.skeleton == ((1, 2), (2, 3), (4, 5), (5, 6))


def test_same_contents_have_the_same_digest(tmp_path):
    first, second = make_package(tmp_path / "a"), make_package(tmp_path / "b")
    assert first.digest == second.digest
    assert (tmp_path / "a/manifest.json").read_bytes() == (tmp_path / "b/manifest.json").read_bytes()
    assert make_package(tmp_path / "c", confidence=0.4).digest != first.digest


def test_every_damaged_and_missing_file_is_named_with_what_was_found_and_expected(tmp_path):
    manifest = make_package(tmp_path)
    (tmp_path / "card.md").unlink()
    data = bytearray((tmp_path / "model.onnx").read_bytes())
    data[-1] ^= 1
    (tmp_path / "model.onnx").write_bytes(data)
    with pytest.raises(UserError) as error:
        verify(tmp_path, manifest)
    message = str(error.value)
    assert f"{tmp_path / 'card.md'}: missing" in message
    assert f"{manifest.files['model.onnx'].sha256} expected" in message
    assert "pull it again" in message


def test_truncated_file_is_named_with_its_sizes(tmp_path):
    manifest = make_package(tmp_path)
    size = manifest.files["model.onnx"].bytes
    (tmp_path / "model.onnx").write_bytes((tmp_path / "model.onnx").read_bytes()[:-10])
    with pytest.raises(UserError, match=f"{size - 10} bytes found, {size} expected"):
        verify(tmp_path, manifest)


def test_changed_manifest_is_found(tmp_path):
    make_package(tmp_path)
    data = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps(data | {"confidence": 0.01}))
    with pytest.raises(UserError, match="was changed after packaging"):
        read_manifest(tmp_path)


def test_a_package_from_before_a_field_came_is_read(tmp_path):
    make_package(tmp_path)
    data = json.loads((tmp_path / "manifest.json").read_text())
    older = {name: value for name, value in data.items() if name not in ("digest", "radii", "max_radius_px")}
    older["measure"].pop("max_uncertainty")
    (tmp_path / "manifest.json").write_text(json.dumps(older | {"digest": json_digest(older)}))
    read = read_manifest(tmp_path)
    assert (read.radii, read.max_radius_px, read.measure.max_uncertainty) == (None, None, None)


@pytest.mark.parametrize(("version", "advice"), [(3, "upgrade heelstrike"), (0, "package the model again"), (None, "")])
def test_unknown_format_version_is_refused(tmp_path, version, advice):
    make_package(tmp_path)
    data = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps(data | {"format_version": version, "new_field": 1}))
    with pytest.raises(UserError, match=f"format_version is {version}, this heelstrike reads 2.*{advice}"):
        read_manifest(tmp_path)


def test_folder_that_is_no_package(tmp_path):
    with pytest.raises(UserError, match=r"manifest.json: not there, so .* is no package"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "not json"])
def test_manifest_that_is_no_json(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(UserError, match=r"manifest.json: not valid JSON"):
        read_manifest(tmp_path)


def test_file_outside_the_package_is_refused(tmp_path):
    make_package(tmp_path)
    data = json.loads((tmp_path / "manifest.json").read_text())
    data["files"]["../../etc/passwd"] = data["files"]["card.md"]
    (tmp_path / "manifest.json").write_text(json.dumps(data))
    with pytest.raises(UserError, match=r"files.*\.\./\.\./etc/passwd"):
        read_manifest(tmp_path)
