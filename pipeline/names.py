"""Names that people give to problems, keypoints and classes: which are accepted, and which mean left and right."""

import re
import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

_PROBLEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_LONGEST_PROBLEM = 64  # it is part of folders' and files' names
# folders beside those of the problems, and names that Windows keeps for devices
_RESERVED = {"problems", "raw", "inbox", "predict", "init", "grid"}
_DEVICES = re.compile("con|prn|aux|nul|com[0-9]|lpt[0-9]", re.IGNORECASE)

_MAX_LENGTH = 80
_ALLOWED = re.compile(r"\w(?:[\w .-]*[\w-])?")
_TAKEN = re.compile("box|slice_.*")
_SIDES = re.compile(
    r"left|right|links|rechts|gauche|droite?|izquierd[ao]|derech[ao]|sinistr[ao]|destr[ao]"
    r"|(?<![a-z0-9])(?:lt|rt|l|r)(?![a-z0-9])"  # l_knee, knee_l, L
    r"|(?<=(?<![a-z0-9])[fhbr])[lr](?![a-z0-9])"  # paw_fl, HR: the front or hind leg on the left or right
    r"|^[lr](?=[a-z0-9])",  # lknee
    re.IGNORECASE,
)
_CAPITAL_SIDES = re.compile(r"(?<=[a-z0-9])[LR](?![a-z])|(?<![A-Za-z])[LR](?=[A-Z0-9])")  # kneeL, LKnee
_PAIRS = (
    ("left", "right"),
    ("lt", "rt"),
    ("l", "r"),
    ("links", "rechts"),
    ("gauche", "droite"),
    ("izquierda", "derecha"),
    ("izquierdo", "derecho"),
    ("sinistra", "destra"),
    ("sinistro", "destro"),
)
_OTHER = {a: b for pair in _PAIRS for a, b in (pair, pair[::-1])} | {"droit": "gauche"}


def normal_form(name: str) -> str:
    """Return a name in Unicode's normal form NFC, in which names are compared."""
    return unicodedata.normalize("NFC", name)


def in_normal_form(value: Any) -> Any:
    """Return parsed JSON or YAML with all its texts, keys included, in the normal form NFC."""
    if isinstance(value, str):
        return normal_form(value)
    if isinstance(value, dict):
        return {in_normal_form(key): in_normal_form(item) for key, item in value.items()}
    if isinstance(value, list):
        return [in_normal_form(item) for item in value]
    return value


def _accepted(name: str) -> str:
    if not _ALLOWED.fullmatch(name) or len(name) > _MAX_LENGTH:
        raise ValueError(
            f"a name may have letters, digits, blanks, _, - and . (up to {_MAX_LENGTH}), must begin with a letter, "
            "digit or _, and must not end with a blank or dot, since it names columns, metrics and files; if the label "
            "file has another name, give that in the source's settings (`keypoints`, `bodyparts` or `classes`)"
        )
    return name


def _not_taken(name: str) -> str:
    if _TAKEN.fullmatch(name):
        raise ValueError(
            f"the keypoint {name!r} would get columns of the annotation table that mean something else (box_x, "
            "slice_NAME); rename it"
        )
    return name


Name = Annotated[
    str, BeforeValidator(lambda name: normal_form(name) if isinstance(name, str) else name), AfterValidator(_accepted)
]
"""Name of a keypoint or class, in NFC; MLflow, file systems and tables take it as it is."""

KeypointName = Annotated[Name, AfterValidator(_not_taken)]
"""Name of a keypoint, whose columns of the annotation table mean nothing else."""

Label = Annotated[str, Field(min_length=1, max_length=_MAX_LENGTH)]
"""Text of some length that no file or metric is named by."""


def same_names(names: tuple[str, ...]) -> list[list[str]]:
    """Return the groups of names that differ in nothing or only in upper and lower case."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(normal_form(normal_form(name).casefold()), []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def other_side(name: str) -> set[str]:
    """Return the names that would be the same point on the other side, such as right_knee for left_knee."""
    matches = [*_SIDES.finditer(name), *_CAPITAL_SIDES.finditer(name)]
    whole = _SIDES.sub(lambda match: _other_word(match[0]), name)  # left_of_left_knee
    return ({name[: m.start()] + _other_word(m[0]) + name[m.end() :] for m in matches} | {whole}) - {name}


def _other_word(word: str) -> str:
    """Return the word for the other side, in the same case."""
    other = _OTHER[word.lower()]
    return other.upper() if word.isupper() else other.capitalize() if word[0].isupper() else other


def side_pairs(names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the pairs of names that mean the same point on the left and on the right, in the order of `names`."""
    pairs = []
    for number, name in enumerate(names):
        for other in names[number + 1 :]:
            if other in other_side(name) or name in other_side(other):
                pairs.append((name, other))
    return pairs


def finding_of_problem_name(name: Any) -> str:
    """Return what is wrong with a problem's name; empty if nothing is."""
    if not isinstance(name, str):
        return f"problems: {str(name)[:60]} is not text; put it in quotes if it is a name"
    if not name:
        return "problems: a name is empty"
    if not _PROBLEM.fullmatch(name):
        return (
            f"problems: {name[:60]!r}: a problem's name may have only letters (a to z), digits, - and _: it names "
            "folders and models"
        )
    if len(name) > _LONGEST_PROBLEM:
        return f"problems: {name[:60]}...: a name of {len(name)} characters; expected at most {_LONGEST_PROBLEM}"
    if name.lower() in _RESERVED or _DEVICES.fullmatch(name):
        return f"problems: {name}: a problem cannot have this name, since a folder or file of another use has it"
    return ""
