"""The reference of a package: the record of one input of each test person, as `reference.json` in the package.

It is one of the files that the manifest lists by hash, so that no version of the manifest's format changes, and readers
that know nothing of it check it and go on.
"""

import json
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from heelstrike.errors import UserError
from heelstrike.monitor.wire import FORMAT_VERSION, MIN_READER, InputRecord
from heelstrike.wire import Wire, check_version, parse, read_object

REFERENCE = "reference.json"
NAME: Final = "heelstrike-reference"

_MAX_BYTES = 4 * 2**20


class Reference(Wire):
    """Records of test people, one of each; the people are independent of each other, and so are the records."""

    format: Literal["heelstrike-reference"] = NAME
    format_version: Annotated[int, Field(description="version of the format that wrote the file")] = FORMAT_VERSION
    min_reader: Annotated[int, Field(description="oldest version of the format whose readers understand the file")] = (
        MIN_READER
    )
    heelstrike: Annotated[str, Field(description="version of Heelstrike that wrote the file")]
    test_split: Annotated[str, Field(description="SHA-256 of the test split's file")]
    records: Annotated[
        tuple[InputRecord, ...],
        Field(description="their `model.digest` is that of the package without this file; their ids are numbers"),
    ]


def reference_bytes(reference: Reference) -> bytes:
    """Return the file's content: JSON with a line for each record."""
    head = reference.model_dump(mode="json", exclude={"records"})
    lines = [json.dumps(r.model_dump(mode="json"), allow_nan=False, separators=(",", ":")) for r in reference.records]
    return (json.dumps(head)[:-1] + ', "records": [\n' + ",\n".join(lines) + "\n]}\n").encode()


def read_reference(folder: Path) -> Reference:
    """Read the reference of a verified package.

    Raises:
        UserError: The package has none, since it is older or was made without, or the file is invalid.
    """
    path = folder / REFERENCE
    try:
        data = read_object(path, _MAX_BYTES, "package the model again")
    except FileNotFoundError:
        raise UserError(
            f"{path}: not there: the package was made by a Heelstrike without records, or with `package.reference: "
            "null`; the next retrain packages one, or give a folder of records to compare with (--reference FOLDER)"
        ) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    check_version(path, data, 1, FORMAT_VERSION)
    return parse(path, data, Reference)
