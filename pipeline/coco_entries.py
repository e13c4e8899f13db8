"""Reading of a COCO file entry by entry: as text and as dictionaries at once, a large one would fill the memory."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from heelstrike.errors import UserError

_CHUNK = 1 << 16  # characters that are read at once
_ENDS = tuple(",]}: \t\n\r")
_BLANK = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def entries(path: Path, section: str) -> Iterator[dict[str, Any]]:
    """Yield the entries of a section, such as `images` or `annotations`, in the order of the file.

    Raises:
        UserError: The file is missing, is not JSON as the split stage writes it, or lacks the section.
    """
    if not path.is_file():
        raise UserError(f"{path}: not there; run the split stage first")
    found = False
    with path.open(encoding="utf-8") as stream:
        try:
            for name, entry in _sections(_Text(stream)):
                found |= name == section
                if name == section and entry is not None:
                    yield entry
        except ValueError as error:
            raise UserError(f"{path}: not a COCO file ({error}); run the split stage again") from None
    if not found:
        raise UserError(f"{path}: it has no section {section!r}; run the split stage again")


def _sections(text: "_Text") -> Iterator[tuple[str, Any]]:
    """Yield the name of each section with `None`, and with each of its entries, if it is a list."""
    text.take("{")
    while text.peek() != "}":
        name = text.value()
        text.take(":")
        yield name, None
        if text.peek() != "[":
            text.value()
        else:
            text.take("[")
            while text.peek() != "]":
                yield name, text.value()
                if text.peek() != "]":
                    text.take(",")
            text.take("]")
        if text.peek() != "}":
            text.take(",")


class _Text:
    """The text of a file, of which a part is in memory."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._text, self._at = stream, "", 0

    def peek(self) -> str:
        """Return the next character that is not blank."""
        while True:
            self._at = _BLANK.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                raise ValueError("it ends in the middle")

    def take(self, mark: str) -> None:
        """Go past a mark."""
        if (found := self.peek()) != mark:
            raise ValueError(f"found {found!r}, expected {mark!r}")
        self._at += 1

    def value(self) -> Any:
        """Return the next value. One that reaches the end of what is in memory may go on in the file."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                if not self._more():
                    raise
                continue
            if self._text[end : end + 1] in _ENDS or not self._more():  # the text may end within a number
                self._at = end
                return value

    def _more(self) -> bool:
        """Read on, as much again as is in memory, so that a long value is not decoded too often."""
        part = self._stream.read(max(_CHUNK, len(self._text) - self._at))
        self._text, self._at = self._text[self._at :] + part, 0
        return bool(part)
