"""JSON schemas of the wire formats, for programs that are not written in Python.

python -m heelstrike.schemas docs/schemas     # after a change of a format
"""

import sys
from pathlib import Path
from typing import Any

from heelstrike.files import write_json
from heelstrike.package.wire import ManifestWire
from heelstrike.results import ExamResult, PredictionResult
from heelstrike.wire import Wire

SCHEMAS: dict[str, type[Wire]] = {
    "manifest.schema.json": ManifestWire,
    "prediction.schema.json": PredictionResult,
    "exam.schema.json": ExamResult,
}
"""File name -> what it describes."""


def schema_of(model: type[Wire]) -> dict[str, Any]:
    """The JSON schema of a format; as readers do, it ignores keys that it does not name."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema(by_alias=True)}


if __name__ == "__main__":
    for name, model in SCHEMAS.items():
        write_json(Path(sys.argv[1]) / name, schema_of(model))
