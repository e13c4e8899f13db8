"""What the service and its worker process say to each other: one JSON object per line."""

from pathlib import Path

from heelstrike.serve.records import Failure, Record, Step


class ShadowWork(Record):
    """A second model, whose answers are compared and not given."""

    package: Path
    version: str | None


class Work(Record):
    """A request to measure a folder."""

    package: Path
    reference: str
    version: str | None
    files: Path
    results: Path
    views: Path
    overlay: bool
    mm_per_px: float | None
    about: dict[str, str]
    most_frames: int
    record: Path | None = None
    shadow: ShadowWork | None = None


class Answer(Record):
    """How far the work is, or how it ended.

    Attributes:
        step: What is being done.
        frames: Number of frames that this step has done.
        total: Number of frames in all, as the files declare them.
        ended: True if this is the last answer.
        failed: Files that could not be measured.
        error: Why nothing was measured; `None` otherwise.
    """

    step: Step = "measure"
    frames: int = 0
    total: int = 0
    ended: bool = False
    failed: tuple[Failure, ...] = ()
    error: str | None = None
