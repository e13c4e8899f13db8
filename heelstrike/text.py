"""Text of others (names of files, messages of libraries, labels) as it may be printed, stored and put into tables."""

import re

from rich.text import Text

# C0 and C1 controls, line and paragraph separators, marks that reorder text, halves of UTF-16 pairs
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def printable(text: str) -> str:
    """Return a text on one line, with escapes for what would move the cursor, reorder the line or be no Unicode."""
    return _UNPRINTABLE.sub(_escaped, text)


def printable_lines(text: str) -> str:
    """Return `printable` of each line of a text."""
    return "\n".join(map(printable, text.splitlines()))


def plain(text: object, style: str = "") -> Text:
    """Return a text for Rich that has no markup: `[left]` in the name of a file is printed."""
    return Text(printable(str(text)), style)


def done(text: object) -> Text:
    """Return a text for Rich after a green tick, for what was made."""
    return Text.assemble(("✓ ", "green"), plain(text))


def storable(text: str) -> str:
    r"""Return a text as valid Unicode: a byte of a file's name that is not UTF-8 becomes for instance `\xe9`."""
    return _SURROGATE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    byte = code - 0xDC00  # how Python keeps a byte of a name that is not UTF-8 (PEP 383)
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else match[0].encode("unicode_escape").decode()
