"""JSON schemas of the wire formats, for programs that are not written in Python.

Run `python -m heelstrike.schemas docs/schemas` after a change of a format.
"""

import sys
from pathlib import Path
from typing import Any

from heelstrike.files import write_json
from heelstrike.monitor.reference import Reference
from heelstrike.monitor.wire import Disagreement, InputRecord
from heelstrike.package.wire import ManifestWire
from heelstrike.results import ExamResult, PredictionResult
from heelstrike.wire import Wire

SCHEMAS: dict[str, type[Wire]] = {
    "manifest.schema.json": ManifestWire,
    "prediction.schema.json": PredictionResult,
    "exam.schema.json": ExamResult,
    "record.schema.json": InputRecord,
    "disagreement.schema.json": Disagreement,
    "reference.schema.json": Reference,
}
"""The format that each schema file describes, by file name."""


def schema_of(model: type[Wire]) -> dict[str, Any]:
    """Return the JSON schema of a format. It allows unknown keys, as readers do."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema(by_alias=True)}


if __name__ == "__main__":
    for name, model in SCHEMAS.items():
        write_json(Path(sys.argv[1]) / name, schema_of(model))
