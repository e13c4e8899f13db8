"""Names and texts of others in Markdown: reports, model cards, the registry's descriptions."""

import re

_HTML = re.compile(r"<(?=[A-Za-z/!?])")
_BEFORE_ESCAPES = re.compile(r"\\(?=[|`]|\]?\()")


def in_markdown(text: object) -> str:
    """Return a text on one line that is no HTML, no code, no link, no image and no new cell of a table."""
    line = _BEFORE_ESCAPES.sub(r"\\\\", " ".join(str(text).splitlines()))  # a backslash would undo an escape
    line = line.replace("|", r"\|").replace("`", r"\`").replace("](", r"]\(")
    return _HTML.sub("&lt;", line)


def table_row(*cells: object) -> str:
    """Return a row of a table; each cell is passed through `in_markdown`."""
    return f"| {' | '.join(map(in_markdown, cells))} |"
