"""The common setting `subject` of every source of label files: how the person in an image is named."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, Tag

from heelstrike.settings import Strict

IMAGE, FOLDER = "image", "folder"


def _with_group(pattern: str) -> str:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"not a regular expression ({error})") from None
    if not groups:
        raise ValueError("has no group; put the part that names the subject into brackets, such as (patient_[0-9]+)")
    return pattern


class SubjectPattern(Strict):
    """The part of the media's path that names the subject."""

    pattern: Annotated[
        str,
        AfterValidator(_with_group),
        Field(
            description="regular expression on the path; its group `subject`, or else its first group, is the subject"
        ),
    ]


class SubjectColumn(Strict):
    """A column or key of the label file, for those that are called `image` or `folder`."""

    column: Annotated[str, Field(min_length=1, description="column or key of the label file")]


def _form(value: Any) -> str:
    if isinstance(value, SubjectColumn) or (isinstance(value, dict) and "column" in value):
        return "column"
    return "pattern" if isinstance(value, dict | SubjectPattern) else "word"


Subject = Annotated[
    Annotated[Annotated[str, Field(min_length=1)], Tag("word")]
    | Annotated[SubjectPattern, Tag("pattern")]
    | Annotated[SubjectColumn, Tag("column")],
    Discriminator(_form),
]
"""`image`, `folder`, a pattern on the media's path, or a column or key of the label file."""

DESCRIPTION = (
    "the person: `image` (each image or video is its own), `folder` (the name of the media's folder), "
    "`{pattern: REGEX}` on the media's path below data/raw/PROBLEM and its batch, or a column or key of the label file "
    "(`{column: NAME}` if it is called image or folder)"
)
UNSTATED = f"{DESCRIPTION}; null: as `image`, and refused where images of one folder would be different subjects"


def column_of(setting: Subject | None) -> str | None:
    """Return the column or key that the setting names; `None` if it names none."""
    if isinstance(setting, SubjectColumn):
        return setting.column
    return setting if isinstance(setting, str) and setting not in (IMAGE, FOLDER) else None
