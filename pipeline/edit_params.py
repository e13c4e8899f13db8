"""Changes one number in params.yaml and leaves every other byte as it is, comments and layout too."""

from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock

from heelstrike.errors import UserError
from heelstrike.files import write_aside
from pipeline.strict_yaml import parse_yaml

_MARK = "\ufeff"  # some editors on Windows begin a file with it


def set_number(file: Path, path: tuple[str, ...], value: int) -> None:
    """Write a number at a path of params.yaml, whose section must be there.

    Args:
        file: The file.
        path: Keys from the top, for instance `("rearfoot", "search", "trials")`.
        value: The number.

    Raises:
        UserError: The file has no such section, or the number cannot change without changing another one, which is
            written by the same anchor.
    """
    folder = file.parent / ".work"
    folder.mkdir(exist_ok=True)
    with FileLock(folder / f"{file.name}.lock"):  # all problems share the file, and each command locks its own only
        whole = file.read_bytes().decode("utf-8")
        text = whole.removeprefix(_MARK)
        changed = _changed(text, file, path, value)
        with write_aside(file) as aside:
            aside.write_bytes((whole[: len(whole) - len(text)] + changed).encode("utf-8"))


def _changed(text: str, file: Path, path: tuple[str, ...], value: int) -> str:
    """Return the text of the file with the number at the path."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for name in path[:-1]:
        node = _child(node, name)
    if not isinstance(node, yaml.MappingNode):
        raise UserError(f"{file}: there is no section {'.'.join(path[:-1])}; add it")
    begin, end, new = _replacement(node, path[-1], value, "\r\n" if "\r\n" in text else "\n")
    changed = text[:begin] + new + text[end:]
    if _content(changed) != _with(_content(text), path, value):
        raise UserError(
            f"{file}: {'.'.join(path)} shares its value with another place by an anchor (&) or alias (*); write "
            f"{path[-1]}: {value} there by hand"
        )
    return changed


def _replacement(section: yaml.MappingNode, name: str, value: int, new_line: str) -> tuple[int, int, str]:
    """Return which part of the text is replaced, from and to, and by what."""
    present = _child(section, name)
    if present is not None:
        return present.start_mark.index, present.end_mark.index, str(value)
    if not section.value:  # {}
        return section.start_mark.index, section.end_mark.index, f"{{{name}: {value}}}"
    first = section.value[0][0].start_mark
    gap = ", " if section.flow_style else new_line + " " * first.column
    return first.index, first.index, f"{name}: {value}{gap}"


def _child(node: yaml.Node | None, name: str) -> yaml.Node | None:
    """Return the value of a key of a mapping that the mapping itself has; `None` if there is none."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def _content(text: str) -> Any:
    """Return what a text means; `None` if it means nothing, for instance since an anchor is gone."""
    try:
        return parse_yaml(text, "params.yaml")
    except UserError:
        return None


def _with(content: Any, path: tuple[str, ...], value: int) -> dict[str, Any]:
    first, *rest = path
    inner = _with(content[first], tuple(rest), value) if rest else value
    return {**content, first: inner}
