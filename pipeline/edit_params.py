"""Changes one number in params.yaml and leaves every other byte as it is, comments and layout too."""

from pathlib import Path

import yaml

from heelstrike.errors import UserError
from heelstrike.files import write_aside


def set_number(file: Path, path: tuple[str, ...], value: int) -> None:
    """Write a number at a path of params.yaml, whose section must be there.

    Args:
        file: The file.
        path: Keys from the top, for instance `("rearfoot", "search", "trials")`.
        value: The number.

    Raises:
        UserError: The file has no such section.
    """
    text = file.read_text(encoding="utf-8")
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for name in path[:-1]:
        node = _child(node, name)
    if not isinstance(node, yaml.MappingNode):
        raise UserError(f"{file}: there is no section {'.'.join(path[:-1])}; add it")
    begin, end, new = _replacement(node, path[-1], value)
    with write_aside(file) as aside:
        aside.write_text(text[:begin] + new + text[end:], encoding="utf-8")


def _replacement(section: yaml.MappingNode, name: str, value: int) -> tuple[int, int, str]:
    """Return which part of the text is replaced, from and to, and by what."""
    present = _child(section, name)
    if present is not None:
        return present.start_mark.index, present.end_mark.index, str(value)
    if not section.value:  # {}
        return section.start_mark.index, section.end_mark.index, f"{{{name}: {value}}}"
    first = section.value[0][0].start_mark
    gap = ", " if section.flow_style else "\n" + " " * first.column
    return first.index, first.index, f"{name}: {value}{gap}"


def _child(node: yaml.Node | None, name: str) -> yaml.Node | None:
    """Return the value of a key of a mapping that the mapping itself has; `None` if there is none."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)
