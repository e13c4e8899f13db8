"""What all wire formats have in common: manifests and result files, which other programs and other versions read.

A format has a version, and a file says which version wrote it (`format_version`) and which is the oldest whose readers
read it rightly (`min_reader`). A new optional field raises the version alone: older readers ignore it. What an older
reader would misread raises `min_reader` too: a field whose meaning changed, or a new one that changes what others mean.
"""

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from heelstrike.errors import UserError

_MAX_DEPTH = 64


class Wire(BaseModel):
    """Base of every class of a wire format: keys of later versions are ignored; values do not change."""

    model_config = ConfigDict(extra="ignore", frozen=True)


Format = TypeVar("Format", bound=Wire)


def read_object(path: Path, max_bytes: int, advice: str) -> dict[str, Any]:
    """Read a file that holds a JSON object.

    Args:
        path: The file; `FileNotFoundError` and the like are the caller's to explain.
        max_bytes: A larger file is refused unread.
        advice: What to do about a file that is none, for the message.

    Raises:
        UserError: It is too large, nested too deeply, or no JSON object.
    """
    size = path.stat().st_size
    if size > max_bytes:
        raise UserError(f"{path}: {size} bytes found, at most {max_bytes} expected; {advice}")
    try:
        data = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except RecursionError:
        raise UserError(f"{path}: nested too deeply, at most {_MAX_DEPTH} levels expected; {advice}") from None
    except ValueError as error:
        raise UserError(f"{path}: not valid JSON ({error}); {advice}") from None
    if _deeper(data, _MAX_DEPTH):
        raise UserError(f"{path}: nested too deeply, at most {_MAX_DEPTH} levels expected; {advice}")
    if not isinstance(data, dict):
        raise UserError(f"{path}: found a JSON {type(data).__name__}, expected an object; {advice}")
    return data


def check_version(path: Path, data: dict[str, Any], oldest: int, newest: int) -> int:
    """The format version of a file that this library reads.

    Args:
        path: For the message.
        data: The file's content.
        oldest: First version that is still read.
        newest: Version that this library writes.

    Raises:
        UserError: The version is no whole number, too old, or too new to be read rightly.
    """
    version = data.get("format_version")
    needed = data.get("min_reader", version)
    for name, value in (("format_version", version), ("min_reader", needed)):
        if type(value) is not int:
            raise UserError(f"{path}: {name} is {value!r}, expected a whole number; get the file again")
    assert isinstance(version, int)
    assert isinstance(needed, int)
    if needed > newest:
        raise UserError(
            f"{path}: format_version is {version}, made for readers of {needed} or later; this heelstrike reads "
            f"{oldest} to {newest}; upgrade heelstrike"
        )
    if version < oldest:
        raise UserError(
            f"{path}: format_version is {version}, this heelstrike reads {oldest} to {newest}; make the file again"
        )
    return version


def parse(path: Path, data: dict[str, Any], model: type[Format]) -> Format:
    """Validate the content of a file.

    Raises:
        UserError: Lists every finding with the path of its key, one a line.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise invalid(path, error) from None


def invalid(path: Path, error: ValidationError) -> UserError:
    """Return the error to raise for a file with invalid content: a line for each finding, with the path of its key."""
    return UserError("\n".join(f"{path}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()))


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number in JSON")


def _deeper(value: Any, levels: int) -> bool:
    """Whether lists and objects are nested in more than this many levels."""
    if not isinstance(value, list | dict):
        return False
    items = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper(item, levels - 1) for item in items)
