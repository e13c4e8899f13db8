"""YAML in which every value is what it looks like.

PyYAML reads YAML 1.1 and DVC reads YAML 1.2. Whatever the two read differently is refused here, with the line and what
to write instead; so is what a file of settings cannot mean, such as a key that stands twice.
"""

import re
from pathlib import Path
from typing import Any, NoReturn

import yaml

from heelstrike.errors import UserError, first_line

_DEEPEST, _LARGEST = 40, 100_000  # levels, and values with every alias written out
_LONGEST_NUMBER = 40  # characters
_NULL = ("", "null", "Null", "NULL", "~")
_TRUE, _FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")
_INTEGER = re.compile("[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORD = re.compile("y|n|yes|no|on|off", re.IGNORECASE)
_ODD_NUMBER = re.compile(
    r"[-+]?(0[0-9_]+|0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"
    r"|[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?)"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?")
_AMBIGUOUS = {
    _WORD: "true or false to one program and text to another; write true or false, or put it in quotes",
    _ODD_NUMBER: "not the same number to all programs; write it in decimal digits, or put it in quotes",
    _DATE: "a date to one program and text to another; put it in quotes",
}


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file of settings: dictionaries with text keys, lists, text, numbers, booleans.

    Raises:
        UserError: The file is not one YAML document in UTF-8, or has something in it that cannot be meant.
        OSError: The file cannot be read.
    """
    try:
        return parse_yaml(path.read_bytes().decode("utf-8-sig"), str(path))
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None


def parse_yaml(text: str, where: str) -> Any:
    """Return the content of a YAML text (see `read_yaml`).

    Args:
        text: The text.
        where: Name of the file, for messages.

    Raises:
        UserError: As `read_yaml`.
    """
    try:
        _check_depth(text, where)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise UserError(f"{where}: not valid YAML: {_reason(error)}") from None
    return None if node is None else _Reader(where).value(node, (), 0)


def _check_depth(text: str, where: str) -> None:
    """Refuse deep nesting before it is composed, which would exhaust Python's stack."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            line = f"line {event.start_mark.line + 1}" if event.start_mark else "somewhere"
            raise UserError(f"{where}: {line}: more than {_DEEPEST} brackets or levels within each other")


def _reason(error: yaml.YAMLError) -> str:
    """Return what is wrong and where, on one line."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    advice = "; indent with spaces" if problem and "'\\t'" in problem else ""
    return f"{where}{first_line(problem or str(error))}{advice}"


class _Reader:
    """Converts the nodes of one document, and counts them."""

    def __init__(self, where: str) -> None:
        self._where, self._count = where, 0

    def value(self, node: yaml.Node, path: tuple[str, ...], depth: int) -> Any:
        self._count += 1
        if self._count > _LARGEST:
            self._refuse(node, path, f"more than {_LARGEST} values, counting every use of an alias")
        if depth > _DEEPEST:
            self._refuse(node, path, "an alias within itself, or nested too deep")
        if isinstance(node, yaml.MappingNode):
            self._check_tag(node, path, "map")
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            self._check_tag(node, path, "seq")
            return [self.value(item, (*path, str(index)), depth + 1) for index, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: tuple[str, ...], depth: int) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        content: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag.endswith(":merge"):
                merged |= self._merge(value_node, path, depth)
                continue
            key = self._key(key_node, path)
            if key in content:
                self._refuse(key_node, (*path, key), "stands twice; leave out one")
            content[key] = self.value(value_node, (*path, key), depth + 1)
        return merged | content

    def _merge(self, node: yaml.Node, path: tuple[str, ...], depth: int) -> dict[str, Any]:
        """Return what `<<:` brings in; of several mappings the first that has a key wins."""
        merged: dict[str, Any] = {}
        for part in reversed(node.value if isinstance(node, yaml.SequenceNode) else [node]):
            content = self.value(part, path, depth + 1)
            if not isinstance(content, dict):
                self._refuse(part, path, "`<<` expects a mapping")
            merged |= content
        return merged

    def _key(self, node: yaml.Node, path: tuple[str, ...]) -> str:
        key = self._scalar(node, path) if isinstance(node, yaml.ScalarNode) else None
        if not isinstance(key, str):
            text = node.value if isinstance(node, yaml.ScalarNode) else "a collection"
            self._refuse(node, path, f"the key {str(text)[:60]!r} is not text; put it in quotes if it is a name")
        return key

    def _scalar(self, node: yaml.ScalarNode, path: tuple[str, ...]) -> Any:
        text: str = node.value
        if node.style is not None:  # in quotes
            self._check_tag(node, path, "str")
            return text
        self._check_tag(node, path, "str", "int", "float", "bool", "null", "timestamp", "merge", "value")
        if text in _NULL:
            return None
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        for form, meaning in _AMBIGUOUS.items():
            if form.fullmatch(text):
                self._refuse(node, path, f"{text[:60]} is {meaning}")
        return self._number(node, path, text)

    def _number(self, node: yaml.Node, path: tuple[str, ...], text: str) -> Any:
        integer, number = _INTEGER.fullmatch(text), _FLOAT.fullmatch(text)
        if (integer or number) and len(text) > _LONGEST_NUMBER:
            self._refuse(node, path, f"a number of {len(text)} characters; expected at most {_LONGEST_NUMBER}")
        if integer:
            if abs(int(text)) >= 2**63:
                self._refuse(node, path, f"{text} is larger than any whole number that can be used (2^63)")
            return int(text)
        if _INFINITE.fullmatch(text) or (number and float(text) in (float("inf"), float("-inf"))):
            self._refuse(node, path, f"{text} is not a finite number")
        return float(text) if number else text

    def _check_tag(self, node: yaml.Node, path: tuple[str, ...], *names: str) -> None:
        if node.tag not in {f"tag:yaml.org,2002:{name}" for name in names}:
            self._refuse(node, path, f"the tag {first_line(node.tag, 60)}; tags are not used here, leave it out")

    def _refuse(self, node: yaml.Node, path: tuple[str, ...], finding: str) -> NoReturn:
        place = ".".join(part[:60] for part in path[-8:])
        line = f"line {node.start_mark.line + 1}"
        raise UserError(f"{self._where}: {place + ': ' if place else ''}{finding} ({line})")
