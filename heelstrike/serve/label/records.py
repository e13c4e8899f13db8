"""Labels, as the API answers them and as they stand in their JSON files."""

import math
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from heelstrike.serve.records import Kind, Record

ABSENT: Literal[0] = 0
HIDDEN: Literal[1] = 1
"""Visibility of a point, as in COCO: not labelled, labelled but covered; 2 is labelled and visible."""

FORMAT, FORMAT_VERSION = "heelstrike-labels", 1


class Point(Record):
    """Where a keypoint is. An absent one has no coordinates."""

    x: Annotated[float | None, Field(description="pixels as displayed; 0 is the centre of the left column")] = None
    y: Annotated[float | None, Field(description="pixels as displayed; 0 is the centre of the top row")] = None
    v: Annotated[Literal[0, 1, 2], Field(description="COCO's visibility: 0 absent, 1 hidden, 2 visible")] = ABSENT

    @model_validator(mode="after")
    def _has_coordinates_if_labelled(self) -> Self:
        if (self.v == ABSENT) != (self.x is None) or (self.x is None) != (self.y is None):
            raise ValueError("a point with v 0 has no coordinates, any other point has both")
        return self

    @property
    def xy(self) -> tuple[float, float]:
        """The coordinates; NaN for an absent point."""
        return (math.nan, math.nan) if self.x is None or self.y is None else (self.x, self.y)


class Author(NamedTuple):
    """Who labels.

    Attributes:
        name: The name of the account, or without accounts what the person says.
        id: Tells a user from a later one of the same name; `None` without accounts.
    """

    name: str
    id: str | None = None

    @property
    def key(self) -> str:
        """What stands for this person among all who labelled a file."""
        return self.id or self.name


class Revision(Record):
    """One save of a frame's label."""

    number: Annotated[int, Field(ge=1, description="1 for the first save of this frame, then rising by one")]
    based_on: Annotated[int, Field(ge=0, description="the revision that its author saw; 0: none")]
    who: str
    by_id: Annotated[str | None, Field(description="tells that user from a later one of the same name")] = None
    when: Annotated[str, Field(description="UTC")]
    points: Annotated[tuple[Point, ...], Field(description="in the order of the keypoints")]

    @property
    def author(self) -> "Author":
        """Who saved it."""
        return Author(self.who, self.by_id)


class FrameLabels(Record):
    """Everything that people said about one frame."""

    revisions: Annotated[tuple[Revision, ...], Field(description="the last one is the label")] = ()
    readings: Annotated[
        dict[str, Revision],
        Field(description="second readings, made without seeing the label, by the id of who made them, else the name"),
    ] = {}

    @property
    def label(self) -> Revision | None:
        """The label that counts; `None` if there are second readings only."""
        return self.revisions[-1] if self.revisions else None

    def repeated(self, made: Revision) -> Revision | None:
        """Return the revision that a save would only repeat, as after an answer that was lost; `None` if it is new."""
        same = made.author, made.based_on, made.points
        return next((each for each in self.revisions if (each.author, each.based_on, each.points) == same), None)

    def own(self, who: Author) -> Revision | None:
        """Return what a person said without having seen what others said; `None` if there is nothing of the kind.

        It is the person's second reading, else the last revision before which nobody else had saved the frame.
        """
        if who.key in self.readings:
            return self.readings[who.key]
        alone = [r for r in self.revisions if r.author == who and self._authors(r.based_on) <= {who}]
        return alone[-1] if alone else None

    def _authors(self, until: int) -> set[Author]:
        return {revision.author for revision in self.revisions[:until]}


class Target(Record):
    """What is labelled: the points of a problem in one file, and what has to be known to compare and export them."""

    problem: str
    file: str
    kind: Kind
    sha256: Annotated[str, Field(description="of the file; labels of other content under its name do not count")]
    width: int
    height: int
    keypoints: tuple[str, ...]
    flip_pairs: Annotated[tuple[tuple[str, str], ...], Field(description="points that are exchanged with the sides")]
    measure: Annotated[dict[str, Any] | None, Field(description="settings of the measure; null: there is none")] = None


class LabelFile(Record):
    """All labels of one file."""

    format: Literal["heelstrike-labels"] = "heelstrike-labels"
    format_version: Literal[1] = 1
    target: Target
    frames: dict[int, FrameLabels] = {}
