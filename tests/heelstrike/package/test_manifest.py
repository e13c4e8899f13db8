import json
from typing import get_args

import pytest

from heelstrike.errors import UserError
from heelstrike.files import json_digest
from heelstrike.measure.build import EXAM_MEASURES, MEASURES
from heelstrike.measure.radii import Radii
from heelstrike.measure.settings import FootprintSettings, MeasureSettings, RearfootSettings, ScanVolumeSettings
from heelstrike.package.manifest import Category, read_manifest, verify
from heelstrike.package.wire import KNOWN_MEASURES, FilterWire, InputWire, MirrorWire, RadiiWire
from heelstrike.preprocess.settings import Filter, InputSize, Mirror
from pipeline.package.category import category_of
from tests.exams import SETTINGS
from tests.packages import LEFT, PROBLEM, RIGHT, make_package, sign


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
    older = {name: value for name, value in data.items() if name not in ("digest", "radii", "max_radius_px", "heads")}
    older["measure"].pop("max_uncertainty")
    (tmp_path / "manifest.json").write_text(json.dumps(older | {"digest": json_digest(older)}))
    read = read_manifest(tmp_path)
    assert (read.radii, read.max_radius_px, read.measure.max_uncertainty) == (None, None, None)


@pytest.mark.parametrize(
    ("versions", "message"),
    [
        (
            (7, 7),
            "format_version is 7, made for readers of 7 or later; this heelstrike reads 2 to 6; upgrade heelstrike",
        ),
        ((1, 1), "format_version is 1, this heelstrike reads 2 to 6; make the file again"),
        ((None, 3), "format_version is None, expected a whole number"),
        (("3", 3), "format_version is '3', expected a whole number"),
        ((3.0, 3), "format_version is 3.0, expected a whole number"),
        ((True, 3), "format_version is True, expected a whole number"),
        ((3, "3"), "min_reader is '3', expected a whole number"),
    ],
)
def test_unknown_format_version_is_refused(tmp_path, versions, message):
    make_package(tmp_path)
    sign(tmp_path, format_version=versions[0], min_reader=versions[1])
    with pytest.raises(UserError, match=message):
        read_manifest(tmp_path)


def test_what_a_later_version_adds_is_ignored_where_it_says_that_this_one_may_read_it(tmp_path):
    written = make_package(tmp_path, filters=(Filter(name="grayscale"),))
    data = json.loads((tmp_path / "manifest.json").read_text())
    sign(
        tmp_path,
        format_version=7,
        colour_space="sRGB",
        measure=data["measure"] | {"smoothing": None},
        category=data["category"] | {"units": []},
        input=data["input"] | {"patches": 16},
    )
    read = read_manifest(tmp_path)
    assert read == written.model_copy(update={"digest": read.digest})
    assert read.digest != written.digest


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (
            "measure",
            {"name": "gait_phases"},
            "made by heelstrike 9.1 with the measure 'gait_phases'.*; upgrade heelstrike",
        ),
        ("filters", [{"name": "retinex"}], "made by heelstrike 9.1 with the filter 'retinex'.*; upgrade heelstrike"),
        ("filters", [{"name": "clahe", "options": {"gamma": 2}}], "filters.0: .*options of clahe: gamma"),
        (
            "measure",
            {"name": "rearfoot_angle", "left": ["a", "b", "c"]},
            "measure.rearfoot_angle.right: Field required",
        ),
        ("measure", [], "measure.unknown: Input should be"),
    ],
)
def test_what_this_version_cannot_do_is_refused_and_named(tmp_path, field, value, message):
    make_package(tmp_path)
    sign(tmp_path, **{field: value}, heelstrike="9.1")
    with pytest.raises(UserError, match=message):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a": ' * 100 + b"1" + b"}" * 100, "nested too deeply, at most 64 levels"),
        (b'{"a": "' + b"x" * 5_000_000 + b'"}', "5000009 bytes found, at most 4194304 expected"),
        (b"[1]", "found a JSON list, expected an object"),
        (b"\xff\xfe\x00", "not valid JSON"),
        (b'{"confidence": NaN}', "NaN is no number in JSON"),
    ],
    ids=["deep list", "deep object", "huge", "list", "no text", "NaN"],
)
def test_content_that_is_no_manifest(tmp_path, content, message):
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    "measure",
    [
        RearfootSettings(name="rearfoot_angle", left=LEFT, right=RIGHT, max_angle_deg=30, max_uncertainty=2),
        FootprintSettings(
            name="footprint", toes=tuple("abcde"), ball_medial="f", ball_lateral="g", heel="h", ink_on="dark"
        ),
        ScanVolumeSettings.model_validate(SETTINGS),
    ],
    ids=lambda settings: settings.name,
)
def test_every_setting_of_every_measure_has_a_place_in_the_manifest(tmp_path, measure):
    names = {name for names in measure.named.values() for name in names}
    make_package(tmp_path, measure=measure, category=Category(name="x", keypoints=tuple(sorted(names))))
    assert read_manifest(tmp_path).measure == measure
    written = json.loads((tmp_path / "manifest.json").read_text())["measure"]
    assert set(written) == set(type(measure).model_fields)


def test_every_measure_has_a_class_of_the_format():
    assert set(get_args(get_args(MeasureSettings)[0])) == {RearfootSettings, FootprintSettings, ScanVolumeSettings}
    assert MEASURES.keys() | EXAM_MEASURES.keys() == set(KNOWN_MEASURES)


@pytest.mark.parametrize(
    ("settings", "wire"), [(Radii, RadiiWire), (InputSize, InputWire), (Mirror, MirrorWire), (Filter, FilterWire)]
)
def test_every_setting_of_the_preprocessing_has_a_place_in_the_manifest(settings, wire):
    assert set(settings.model_fields) == set(wire.model_fields)


def test_folder_that_is_no_package(tmp_path):
    with pytest.raises(UserError, match=r"manifest.json: missing, so .* is not a package"):
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
