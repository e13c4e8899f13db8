"""What the wire formats have in common. Manifests and result files are read by other programs and other versions.

A file states the version of the format that wrote it (`format_version`), and the oldest version whose readers
understand it (`min_reader`). A new optional field raises only `format_version`, since older readers ignore the field. A
change that older readers would misunderstand also raises `min_reader`: a field has a new meaning, or a new field
changes the meaning of others.
"""

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from heelstrike.errors import UserError

_MAX_DEPTH = 64


class Wire(BaseModel):
    """Base of every class of a wire format. Keys of later versions are ignored; instances cannot be changed."""

    model_config = ConfigDict(extra="ignore", frozen=True)


Format = TypeVar("Format", bound=Wire)


def read_object(path: Path, max_bytes: int, advice: str) -> dict[str, Any]:
    """Read a file that holds a JSON object.

    Args:
        path: The file.
        max_bytes: A larger file is refused without being read.
        advice: What the user should do about an invalid file, for the message.

    Raises:
        UserError: The file is too large, nested too deeply, or not a JSON object.
        OSError: The file cannot be read; the caller explains it.
    """
    size = path.stat().st_size
    if size > max_bytes:
        raise UserError(f"{path}: {size} bytes found, at most {max_bytes} expected; {advice}")
    try:
        data = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except RecursionError:
        raise UserError(f"{path}: nested too deeply, at most {_MAX_DEPTH} levels expected; {advice}") from None
    except ValueError as error:
        raise UserError(f"{path}: not valid JSON ({error}); {advice}") from None
    if _is_deeper(data, _MAX_DEPTH):
        raise UserError(f"{path}: nested too deeply, at most {_MAX_DEPTH} levels expected; {advice}")
    if not isinstance(data, dict):
        raise UserError(f"{path}: found a JSON {type(data).__name__}, expected an object; {advice}")
    return data


def check_version(path: Path, data: dict[str, Any], oldest: int, newest: int) -> int:
    """Return the format version of a file, if this library can read it.

    Args:
        path: The file, for the message.
        data: Its content.
        oldest: The oldest version that this library reads.
        newest: The version that this library writes.

    Raises:
        UserError: The version is not a whole number, too old or too new.
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
        UserError: The content is invalid.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise invalid(path, error) from None


def invalid(path: Path, error: ValidationError) -> UserError:
    """Return the error to raise for a file with invalid content: a line for each finding, with the path of its key."""
    return UserError("\n".join(f"{path}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()))


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number in JSON")


def _is_deeper(value: Any, levels: int) -> bool:
    """Return True if lists and objects are nested more than `levels` deep."""
    if not isinstance(value, list | dict):
        return False
    items = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(item, levels - 1) for item in items)
