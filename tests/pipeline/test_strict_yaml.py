"""YAML that cannot be meant, or that programs read differently, is refused in one line with its place."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from heelstrike.errors import UserError
from pipeline.params import load_params
from pipeline.strict_yaml import parse_yaml, read_yaml

ROOT = Path(__file__).resolve().parents[2]
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("a: 1\nb: 2\na: 3", "a: stands twice; leave out one (line 3)"),
        ("a: {b: {c: 1, c: 2}}", "a.b.c: stands twice"),
        ("a: yes", "a: yes is true or false to one program and text to another; write true or false, or put it in"),
        ("a: No", "a: No is true or false"),
        ("a: on", "a: on is true or false"),
        ("a: 010", "a: 010 is not the same number to all programs; write it in decimal digits"),
        ("a: 0o17", "a: 0o17 is not the same number"),
        ("a: 0x1F", "a: 0x1F is not the same number"),
        ("a: 1_000", "a: 1_000 is not the same number"),
        ("a: 1:30", "a: 1:30 is not the same number"),
        ("a: 2026-01-01", "a: 2026-01-01 is a date to one program"),
        ("a: 2026-01-01 10:00:00", "a: 2026-01-01 10:00:00 is a date to one program"),
        ("a: .inf", "a: .inf is not a finite number"),
        ("a: -.Inf", "a: -.Inf is not a finite number"),
        ("a: .NaN", "a: .NaN is not a finite number"),
        ("a: 1e400", "a: 1e400 is not a finite number"),
        (f"a: {'9' * 5000}", "a: a number of 5000 characters; expected at most 40"),
        ("a: 99999999999999999999", "a: 99999999999999999999 is larger than any whole number"),
        ("a: " + "[" * 3000 + "]" * 3000, "line 1: more than 40 brackets or levels"),
        ("a: " + "[" * 3000, "line 1: more than 40 brackets or levels"),
        ("a: " + "{b: " * 100, "line 1: more than 40 brackets or levels"),
        (BOMB, "more than 100000 values, counting every use of an alias"),
        ("a: &a [*a]", "an alias within itself, or nested too deep"),
        ("a: &a {b: *a}", "an alias within itself, or nested too deep"),
        ("a: &a {<<: *a}", "an alias within itself, or nested too deep"),
        ("a: *b", "not valid YAML: line 1, column 4: found undefined alias"),
        ("a: !!python/object/apply:os.system ['true']", "a: the tag tag:yaml.org,2002:python/object/apply:os.system;"),
        ("a: !!binary aGk=", "a: the tag tag:yaml.org,2002:binary; tags are not used here"),
        ("a: !!set {b}", "a: the tag tag:yaml.org,2002:set;"),
        ("a: !secret b", "a: the tag !secret;"),
        ("a:\n\tb: 1", "not valid YAML: line 2, column 1: found character '\\t' that cannot start any token; indent"),
        ("a: 1\n---\na: 2", "not valid YAML: line 2, column 1: but found another document"),
        ("a: [1", "not valid YAML: line 1"),
        ("1: x", "the key '1' is not text"),
        ("true: x", "the key 'true' is not text"),
        ("~: x", "the key '~' is not text"),
        ("? [a, b]\n: x", "the key 'a collection' is not text"),
        ("no: x", "no is true or false to one program"),
        ("a: \x07", "not valid YAML"),
    ],
)
def test_what_cannot_be_meant_is_one_line_with_its_place(text: str, finding: str) -> None:
    with pytest.raises(UserError) as raised:
        parse_yaml(text, "params.yaml")
    assert str(raised.value).startswith("params.yaml: ")
    assert finding in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("a: [1, -2, 0.5, .5, 1e-3, 1E5, +4]", {"a": [1, -2, 0.5, 0.5, 1e-3, 1e5, 4]}),
        ("a: [true, False, null, ~, '', ]", {"a": [True, False, None, None, ""]}),
        ("a: ['yes', \"010\", '2026-01-01', '1']", {"a": ["yes", "010", "2026-01-01", "1"]}),
        (
            "a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\ne: *x",
            {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}, "e": {"b": 1, "c": 2}},
        ),
        ("a: |\n  two\n  lines\n", {"a": "two\nlines\n"}),
        ("a: 1.5.0\nb: 3d\nc: left_shank", {"a": "1.5.0", "b": "3d", "c": "left_shank"}),
        ("\ufeffa: ł", {"a": "ł"}),
    ],
)
def test_what_is_clear_is_read(text: str, value: Any, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    assert read_yaml(tmp_path / "a.yaml") == value


def test_the_projects_own_files_are_read_as_before() -> None:
    for path in [
        ROOT / "params.yaml",
        *(ROOT / "docs" / "examples").glob("*.yaml"),
        *(ROOT / "pipeline").rglob("*.yaml"),
    ]:
        before, now = yaml.safe_load(path.read_text()), read_yaml(path)
        assert _numbers_of_text(before) == _numbers_of_text(now)


def _numbers_of_text(value: Any) -> Any:
    """Text such as 1e-3, which PyYAML takes for text and pydantic for a number, as a number."""
    if isinstance(value, dict):
        return {key: _numbers_of_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers_of_text(item) for item in value]
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


@pytest.mark.parametrize("content", ["problems: [a]".encode("utf-16"), bytes(range(256)), "a: é".encode("latin1")])
def test_text_that_is_not_utf8(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_bytes(content)
    with pytest.raises(UserError, match=r"params\.yaml: not UTF-8 text \(byte \d+\); save it as UTF-8"):
        load_params(tmp_path / "params.yaml")
