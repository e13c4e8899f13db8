"""Names of MLflow's metrics and params for any text, such as the name of a slice."""

import re

_REFUSED = re.compile(r"[^\w .\-/]|_(?=u[0-9a-f]*_)")  # the second keeps what looks like an escape apart


def key_of(name: str) -> str:
    """Return the name as MLflow takes it, different for different names.

    MLflow takes letters, digits, _, -, ., blanks and the slashes of a plain path. Any other character becomes `_uHEX_`,
    its code point: `Größe, cm` is `Größe_u2c_ cm`. Names that MLflow takes stay as they are.
    """
    escaped = _REFUSED.sub(lambda match: f"_u{ord(match[0]):x}_", name)
    return "/".join(
        "_u_" if part == "" else part.replace(".", "_u2e_") if set(part) == {"."} else part
        for part in escaped.split("/")
    )
