"""params.yaml is refused whole, with every finding and its path, or accepted whole."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from heelstrike.errors import UserError
from pipeline.params import load_params, params_schema, parse_params

LOCALIZATION = {"name": "localization", "backbone": {"name": "stack", "channels": [4, 4]}}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def data() -> dict[str, Any]:
    return {
        "problems": ["toy"],
        "toy": {
            "problem": {"keypoints": ["a", "b"], "flip_pairs": [["a", "b"]]},
            "collect": {"sources": [{"kind": "csv"}]},
            "model": {"name": "spatial"},
        },
    }


def changed(data: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with the value at a dotted path set."""
    new = copy.deepcopy(data)
    *folders, last = path.split(".")
    section = new
    for name in folders:
        section = section.setdefault(name, {})
    section[last] = value
    return new


def message(data: Any) -> str:
    with pytest.raises(UserError) as error:
        parse_params(data)
    return str(error.value)


def test_the_projects_own_file_is_right() -> None:
    assert list(load_params(ROOT / "params.yaml")) == ["rearfoot"]


def test_little_is_enough(data: dict[str, Any]) -> None:
    section = parse_params(data)["toy"]
    assert section.train.batch_size > 0
    assert section.problem.flip_order == [1, 0]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("toy.train.lr", -1, "params.yaml: toy.train.lr: Input should be greater than 0, found -1"),
        ("toy.train.learning_rate", 1, "params.yaml: toy.train.learning_rate: unknown key"),
        ("toy.train.presence_weight", 1, "params.yaml: toy.train.presence_weight is now train.visibility_weight"),
        ("toy.problem.several", True, "params.yaml: toy.problem.several is now problem.multi_instance"),
        ("toy.gates.max_rmse_px", 1, "params.yaml: toy.gates.max_rmse_px is now gates.max_error"),
        ("toy.gates.max_angle_deg", 1, "params.yaml: toy.gates.max_angle_deg is now gates.max_measure_error"),
        (
            "toy.search",
            {"space": {"train.presence_weight": {"choose": [0.1, 0.3]}}},
            "space names 'train.presence_weight', which is now 'train.visibility_weight'",
        ),
        (
            "toy.package",
            {"disturbed": {"images": 8, "limit": 3}},
            "package.disturbed judges the values of single images, but nothing is measured on these",
        ),
        ("toy.package.zoom", {"patient": "nearest"}, "toy.package.zoom.patient"),
        ("toy.train.batch_size", "many", "toy.train.batch_size: Input should be a valid integer"),
        ("toy.model.name", "transformer", "toy.model"),
        ("toy.model.widht", 3, "toy.model.widht: unknown key"),
        ("toy.problem.keypoints", ["a", "a"], "keypoints has a name twice"),
        ("toy.problem.flip_pairs", [["a", "c"]], "flip_pairs names 'c', which is not one of keypoints ['a', 'b']"),
        ("toy.problem.sigmas", [0.1], "sigmas has 1 values for 2 keypoints"),
        ("toy.problem.input.channels", 2, "channels is 2; use 1 (gray) or 3 (RGB)"),
        ("toy.split", {"val": 0.5, "test": 0.5}, "toy.split: val 0.5 and test 0.5 leave nothing to train on"),
        ("toy.collect.sources", [], "toy.collect.sources: "),
        ("toy.collect.sources", [{"kind": "excel"}], "toy.collect.sources.0: "),
        ("toy.validate", {"expectations": [{"name": "all_is_well"}]}, "all_is_well"),
        ("toy.prepare", {"filters": [{"name": "sepia"}]}, "sepia"),
        (
            "toy.measure",
            {"name": "rearfoot_angle", "left": ["a", "b", "c"], "right": ["a", "b", "a"]},
            "measure.left names 'c', which is not one of problem.keypoints",
        ),
        (
            "toy.model",
            {"name": "regression", "backbone": {"name": "stack", "chanels": [4]}},
            "backbone.chanels: unknown",
        ),
        ("toy.model", LOCALIZATION, "train.steps.0 trains the head 'keypoints', which model 'localization' has not"),
        (
            "toy.search",
            {"architectures": [LOCALIZATION]},
            "search.architectures.0 is 'localization' with the heads box",
        ),
        ("tyo", {}, "tyo: a section that `problems` does not list ['toy']; did you mean toy?"),
        (
            "problems",
            ["toy", "a/b"],
            "problems: 'a/b': a problem's name may have only letters (a to z), digits, - and _",
        ),
        ("problems", ["toy", "to\u0443"], "a problem's name may have only letters (a to z)"),
        ("problems", ["toy", "a\n"], "'a\\n': a problem's name may have only letters"),
        ("problems", ["toy", ".."], "'..': a problem's name may have only letters"),
        ("problems", ["toy", ""], "problems: a name is empty"),
        ("problems", ["toy", "a" * 65], "a name of 65 characters; expected at most 64"),
        ("problems", ["toy", 1], "problems: 1 is not text; put it in quotes if it is a name"),
        ("problems", ["toy", None], "problems: None is not text"),
        ("problems", ["toy", "raw"], "problems: raw: a problem cannot have this name"),
        ("problems", ["toy", "Inbox"], "problems: Inbox: a problem cannot have this name"),
        ("problems", ["toy", "predict"], "problems: predict: a problem cannot have this name"),
        ("problems", ["toy", "problems"], "problems: problems: a problem cannot have this name"),
        ("problems", ["toy", "COM1"], "problems: COM1: a problem cannot have this name"),
        ("problems", ["toy", "Toy"], "has a name twice; capitals make no difference"),
        ("toy.train.lr", True, "toy.train.lr: true and false are no numbers, and nothing else means"),
        ("toy.train.lr", float("inf"), "toy.train.lr: Input should be a finite number"),
        ("toy.problem.sigmas", [True, 0.1], "toy.problem.sigmas: true and false are no numbers"),
        (
            "toy.problem.multi_instance",
            1,
            "toy.problem.multi_instance: true and false are no numbers, and nothing else",
        ),
        ("toy.problem.multi_instance", "on", "toy.problem.multi_instance: true and false are no numbers"),
        ("toy.split", {"seed": -5}, "toy.split.seed: Input should be greater than or equal to 0, found -5"),
        ("toy.train.bach_size", 3, "toy.train.bach_size: unknown key; did you mean batch_size?"),
        ("toy.search", {"space": {"train.lr": {"low": 2, "high": 1}}}, "low 2.0 must be below high 1.0"),
        ("problems", ["toy", "other"], "other: listed in `problems`, but there is no such section"),
    ],
)
def test_a_wrong_value_is_named_by_its_path(data: dict[str, Any], path: str, value: Any, expected: str) -> None:
    assert expected in message(changed(data, path, value))


@pytest.mark.parametrize(
    ("section", "value", "expected"),
    [
        ("package", {"max_radius_px": 3.0}, "package.max_radius_px needs keypoints, but model 'localization' has no"),
        ("measure", {"name": "rearfoot_angle", "left": ["a", "b", "a"], "right": ["a", "b", "a"]}, "measure needs key"),
    ],
)
def test_what_needs_keypoints_is_refused_without(data: dict[str, Any], section: str, value: Any, expected: str) -> None:
    boxes = changed(changed(data, "toy.model", LOCALIZATION), "toy.train.steps", [{"heads": ["box"], "epochs": 1}])
    assert parse_params(boxes)["toy"].model.heads == ("box",)
    assert expected in message(changed(boxes, f"toy.{section}", value))


def test_a_limit_of_the_measurement_needs_a_measure(data: dict[str, Any]) -> None:
    finding = message(changed(data, "toy.gates", {"max_measure_error": 3.0}))
    assert "gates.max_measure_error limits the error of the measure, but measure is null" in finding


@pytest.mark.parametrize("crop", ["roi_align", "second_pass", "mask"])
def test_a_crop_needs_a_box_that_was_learned(data: dict[str, Any], crop: str) -> None:
    cropping = changed(data, "toy.model", {**LOCALIZATION, "name": "multihead", "crop": crop})
    box, keypoints = ({"heads": [head], "epochs": 1} for head in ("box", "keypoints"))
    parse_params(changed(cropping, "toy.train.steps", [box, keypoints]))
    parse_params(changed(cropping, "toy.train.steps", [{"heads": ["box", "keypoints"], "epochs": 1}]))
    assert "the head 'keypoints', but in model 'multihead' it uses the output of 'box'" in message(
        changed(cropping, "toy.train.steps", [keypoints, box])
    )


def test_a_box_around_keypoints_needs_keypoints_that_were_learned(data: dict[str, Any]) -> None:
    around = changed(data, "toy.model", {"name": "refined", "box": "keypoints"})
    box, keypoints = ({"heads": [head], "epochs": 1} for head in ("box", "keypoints"))
    parse_params(changed(around, "toy.train.steps", [keypoints, box]))
    assert "the head 'box', but in model 'refined' it uses the output of 'keypoints'" in message(
        changed(around, "toy.train.steps", [box, keypoints])
    )


def test_every_finding_is_reported_at_once(data: dict[str, Any]) -> None:
    wrong = changed(changed(data, "toy.train.lr", 0), "toy.search.trials", -3)
    assert [line.split(":")[1] for line in message(wrong).splitlines()] == [" toy.train.lr", " toy.search.trials"]


@pytest.mark.parametrize("content", [None, [], {"problems": []}, {"problems": "toy"}])
def test_a_file_without_problems_is_refused(content: Any) -> None:
    assert "expected a mapping with `problems: [NAME, ...]`" in message(content)


def test_a_file_that_is_missing_or_no_yaml(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not there; run this at the top"):
        load_params(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("problems: [toy")
    with pytest.raises(UserError, match="not valid YAML"):
        load_params(tmp_path / "params.yaml")


def test_a_file_must_have_every_section_since_dvc_looks_for_them(data: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(data))
    with pytest.raises(UserError, match=r"missing toy\.validate, .*toy\.measure; write `measure: null`"):
        load_params(tmp_path / "params.yaml")


def test_a_limit_of_radii_needs_radii_and_keypoints(data: dict[str, Any]) -> None:
    data["toy"] |= {"evaluate": {"coverage": None}, "package": {"max_radius_px": 3}}
    assert "package.max_radius_px needs radii, but evaluate.coverage is null; set it to 0.9" in message(data)


def test_the_schema_describes_every_section(data: dict[str, Any]) -> None:
    schema = params_schema()
    assert set(data["toy"]) <= set(schema["properties"])
    assert "validate" in schema["properties"]
    assert "columns are named here" in json.dumps(schema)


def test_what_is_in_force_can_be_read_back(data: dict[str, Any]) -> None:
    section = parse_params(data)["toy"]
    text = yaml.safe_dump({"problems": ["toy"], "toy": section.model_dump(mode="json", by_alias=True)})
    assert parse_params(yaml.safe_load(text))["toy"] == section


def test_zoom_needs_the_keypoints_of_one_instance():
    section = {"problem": {"keypoints": ["a"]}, "collect": {"sources": [{"kind": "coco"}]}}
    section |= {"model": {"name": "spatial"}, "package": {"zoom": {}}}
    with pytest.raises(UserError, match=r"package\.zoom looks for the keypoints of one instance"):
        parse_params({"problems": ["p"], "p": section})
