"""A wrong suite is refused when params.yaml is read."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from heelstrike.errors import UserError
from pipeline.params import parse_params

ROOT = Path(__file__).resolve().parents[3]


def load(*expectations: dict[str, Any]) -> Any:
    data = yaml.safe_load((ROOT / "params.yaml").read_text())
    data["rearfoot"]["validate"] = {"expectations": list(expectations)}
    return parse_params(data)


@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        (
            {"name": "keypoints_in_imge"},
            "unknown expectation 'keypoints_in_imge'; there are images_readable, keypoints_in",
        ),
        (
            {"name": "no_jumps", "options": {"sigma": 3}},
            "options.sigma: no_jumps has no such option; it has sigmas, at_least, max_gap_s, fps",
        ),
        ({"name": "no_jumps", "options": {"sigmas": -1}}, "options.sigmas: Input should be greater than 0, found -1"),
        ({"name": "ordered_top_to_bottom"}, "options.groups: ordered_top_to_bottom needs this option"),
        (
            {"name": "ordered_top_to_bottom", "options": {"groups": [["left_shank", "left_knee"]]}},
            "validate.expectations.0 (ordered_top_to_bottom): options.groups names 'left_knee', which is not one of",
        ),
        (
            {"name": "ordered_top_to_bottom", "options": {"groups": [["left_shank", "left_shank"]]}},
            "groups names a keypoint twice",
        ),
        (
            {"name": "segment_lengths", "options": {"segments": [["left_shank", "left_toe"]]}},
            "options.segments names 'left_toe'",
        ),
        (
            {"name": "left_right_not_swapped", "options": {"axis": ["head", "left_heel"]}},
            "options.axis names 'head'",
        ),
        ({"name": "no_jumps", "severity": "fatal"}, "rearfoot.validate.expectations.0.severity"),
    ],
)
def test_a_wrong_expectation_is_one_clear_message(expectation: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        load(expectation)
    assert message in str(error.value)
    assert str(error.value).startswith("params.yaml: rearfoot")


def test_reading_params_does_not_load_great_expectations() -> None:
    import subprocess
    import sys

    code = "import sys, pipeline.params; sys.exit('great_expectations' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_nothing_listed_is_a_suite_that_holds_for_any_problem() -> None:
    data = yaml.safe_load((ROOT / "params.yaml").read_text())
    data["rearfoot"]["validate"] = {}
    suite = parse_params(data)["rearfoot"].validation.expectations
    assert {e.name for e in suite if e.severity == "error"} == {
        "images_readable",
        "keypoints_in_image",
        "keypoints_in_box",
    }
