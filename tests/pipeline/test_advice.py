"""Every setting that a message of collect, validate or split names exists."""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from pipeline.collect.settings import CollectSettings, Source
from pipeline.params import ProblemParams

ROOT = Path(__file__).parents[2] / "pipeline"
SECTIONS = {field.alias or name: field.annotation for name, field in ProblemParams.model_fields.items()}
SETTING = re.compile(rf"(?<![\w./])({'|'.join(SECTIONS)})\.([a-z_]+)\b(?!\.(?:json|csv|py))")
IN_SOURCE = re.compile(r"(?:`|set )([a-z_]+): ")
SOURCES = {name for source in get_args(get_args(Source)[0]) for name in source.model_fields}
FILES = sorted(path for room in ("collect", "validate", "split") for path in (ROOT / room).rglob("*.py"))


def texts(path: Path) -> str:
    """All texts of a module that are no docstrings of modules."""
    return "\n".join(
        node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
    )  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_settings_in_messages_exist(path: Path) -> None:
    text = texts(path)
    for section, name in SETTING.findall(text):
        fields = getattr(SECTIONS[section], "model_fields", None)
        assert fields is None or name in fields or name in ("sources", "csv", "json"), f"{section}.{name}"
    for name in IN_SOURCE.findall(text):
        known = SOURCES | set(CollectSettings.model_fields) | {"multi_instance"}
        assert name in known, f"{name}: is no setting of a source"


def test_the_test_sees_settings() -> None:
    seen = {match for path in FILES for match in SETTING.findall(texts(path))}
    assert {("split", "near_duplicate_bits"), ("collect", "repeated_pictures"), ("problem", "keypoints")} <= seen
