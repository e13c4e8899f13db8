"""JSON label files of any Unicode encoding, with a message for what is no JSON."""

import json
import math
from pathlib import Path
from typing import Any

from heelstrike.errors import UserError
from pipeline.collect.findings import Findings
from pipeline.names import in_normal_form


def read_json(path: Path, findings: Findings) -> Any:
    """Read a JSON file in UTF-8, UTF-16 or UTF-32, with or without a byte order mark; its texts are in NFC then.

    Raises:
        UserError: The file is empty, is not JSON, or is nested too deeply.
    """
    data = path.read_bytes()
    if not data:
        raise UserError(f"{findings.where}: empty (0 bytes); export the labels again")
    try:
        content = json.loads(data)
        if b"\\ud" in data.lower():
            json.dumps(content, ensure_ascii=False).encode()  # an error for half of a surrogate pair
        return content if data.isascii() and b"\\u" not in data else in_normal_form(content)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{findings.where}: not valid JSON ({error}); export the labels again") from None


def number(value: object) -> float | None:
    """Return a JSON number as float, which may be infinite; `None` if the value is something else or too large."""
    try:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    except OverflowError:  # a whole number of more than 308 digits
        return None


def is_finite(value: object) -> bool:
    """Return True if a JSON value is a finite number."""
    value = number(value)
    return value is not None and math.isfinite(value)
