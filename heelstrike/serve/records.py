"""What is kept about an evaluation and its jobs, as the API answers it and as it stands in their JSON files."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["image", "scan", "video"]
Step = Literal["measure", "prepare"]
State = Literal["queued", "running", "done", "failed", "cancelled"]

REMOVED = "removed"
"""The id of every user who is no longer there."""

UNFINISHED: tuple[State, ...] = ("queued", "running")
"""States of a job that is still to end."""


class Record(BaseModel):
    """Base of the records. A record does not change; a changed copy takes its place."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class StoredFile(Record):
    """An uploaded image or video."""

    name: Annotated[str, Field(description="name within the evaluation")]
    kind: Kind
    bytes: int
    sha256: str
    uploaded: Annotated[str, Field(description="UTC")]
    frames: Annotated[int | None, Field(description="frames that a video declares; null if it declares none")] = None


class Evaluation(Record):
    """A set of images and videos of one patient or session, with everything that was measured on them."""

    id: str
    name: str
    owner: Annotated[str | None, Field(description="user who made it; null without accounts")] = None
    owner_id: Annotated[str | None, Field(description="tells the owner from a later user of the same name")] = None
    shared_with: Annotated[tuple[str, ...], Field(description="users who may see it too")] = ()
    shared_ids: Annotated[tuple[str, ...], Field(description="the ids of those users")] = ()
    created: Annotated[str, Field(description="UTC")]
    mm_per_px: Annotated[float | None, Field(description="side of a pixel in millimetres; null if unknown")] = None
    about: Annotated[dict[str, str], Field(description="what the images show, for instance foot: left")] = {}
    files: dict[str, StoredFile] = {}


class Failure(Record):
    """A file that could not be measured."""

    file: str
    reason: str


class Job(Record):
    """The measurement of all files of an evaluation with one model."""

    id: str
    evaluation: str
    model: Annotated[str, Field(description="the reference that was asked for, for instance rearfoot@champion")]
    overlay: Annotated[bool, Field(description="true to draw the results into copies of the files")] = False
    state: State = "queued"
    reference: Annotated[str | None, Field(description="the version that measured, for instance rearfoot/3")] = None
    package: Annotated[str | None, Field(description="digest of that version's package")] = None
    created: Annotated[str, Field(description="UTC")]
    started: str | None = None
    finished: str | None = None
    error: Annotated[str | None, Field(description="why nothing was measured, for a person")] = None
    failed: Annotated[tuple[Failure, ...], Field(description="files that could not be measured")] = ()


class Progress(Record):
    """How far a running job is."""

    step: Annotated[Step, Field(description="`prepare`: what the pages show is written")] = "measure"
    frames: int = 0
    total: int = 0
    frames_per_s: float | None = None
    left_s: Annotated[float | None, Field(description="estimated seconds to the end")] = None
