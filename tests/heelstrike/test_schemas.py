"""The schemas that are checked in are those of the code, and what the code writes follows them."""

import json
from pathlib import Path

import jsonschema
import pytest

from heelstrike.schemas import SCHEMAS, schema_of

ROOT = Path(__file__).resolve().parents[2]
FOLDER, GOLDEN = ROOT / "docs" / "schemas", ROOT / "tests" / "golden"


@pytest.mark.parametrize("name", SCHEMAS)
def test_checked_in_schema_is_the_codes(name: str) -> None:
    advice = "run `python -m heelstrike.schemas docs/schemas`, and raise the format's version"
    assert json.loads((FOLDER / name).read_text()) == schema_of(SCHEMAS[name]), advice


def test_no_other_schema_is_checked_in() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(SCHEMAS)


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("manifest.schema.json", "*-4*/manifest.json"),
        ("prediction.schema.json", "prediction-*/*.json"),
        ("exam.schema.json", "exam-*/*.json"),
        ("record.schema.json", "record-*/*.json"),
        ("disagreement.schema.json", "disagreement-*/*.json"),
        ("reference.schema.json", "reference-*/*.json"),
    ],
)
def test_what_was_written_follows_the_schema(name: str, pattern: str) -> None:
    schema = json.loads((FOLDER / name).read_text())
    files = list(GOLDEN.glob(pattern))
    assert files
    for path in files:
        content = json.loads(path.read_text())
        jsonschema.Draft202012Validator(schema).validate(content)
        jsonschema.Draft202012Validator(schema).validate(content | {"added_later": 1})
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(schema).validate({k: v for k, v in content.items() if k != "heelstrike"})
