"""What the settings of all sources of label files have in common."""

from pathlib import PureWindowsPath
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from heelstrike.settings import Strict
from heelstrike.units import MM_PER_INCH
from pipeline.collect.subject_setting import UNSTATED, Subject

MissingImages = Annotated[
    Literal["error", "skip"],
    Field(description="if the image or video of a label is missing: stop, or leave the label out and list it"),
]


class FileSource(Strict):
    """Settings that all sources of files share: the person who is shown, points at (0, 0), and the size of the pixels.

    Without `mm_per_px` and `dpi`, the size comes from the file of a medical image and is unknown for any other image.
    """

    kind: str
    subject: Annotated[Subject | None, Field(description=UNSTATED)] = None
    zero_points: Annotated[
        Literal["error", "missing", "keep"],
        Field(
            description="points at exactly (0, 0), which many programs write for a point that is not labelled: stop, "
            "read them as not labelled, or keep them as points"
        ),
    ] = "error"
    mm_per_px: Annotated[float | None, Field(gt=0, description="side of a pixel in millimetres, for all images")] = None
    dpi: Annotated[float | None, Field(gt=0, description="size of a pixel as dots per inch, for scanned paper")] = None

    @field_validator("labels", check_fields=False)
    @classmethod
    def _is_below_the_data(cls, pattern: str) -> str:
        if PureWindowsPath(pattern).anchor or ".." in PureWindowsPath(pattern).parts:
            raise ValueError(
                "expected a pattern below data/raw/PROBLEM, without `..` and without a leading slash or drive"
            )
        return pattern

    @model_validator(mode="after")
    def _one_scale(self) -> Self:
        if self.mm_per_px is not None and self.dpi is not None:
            raise ValueError("mm_per_px and dpi both state the size of a pixel; give only one of them")
        return self

    @property
    def pixel_mm(self) -> float:
        """Side of a pixel in millimetres; NaN if the settings do not state it."""
        if self.dpi is not None:
            return MM_PER_INCH / self.dpi
        return float("nan") if self.mm_per_px is None else self.mm_per_px
