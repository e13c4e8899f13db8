"""The formats `heelstrike-record` and `heelstrike-disagreement`. `heelstrike.wire` has the rules for changing a format.

Both describe one image or video that a consumer's model was given, by numbers and codes only. There is no text in them
that a user has typed, except the name of the problem.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import Field

from heelstrike.errors import UserError
from heelstrike.files import write_aside
from heelstrike.wire import Wire, check_version, parse, read_object

RECORD: Final = "heelstrike-record"
DISAGREEMENT: Final = "heelstrike-disagreement"
FORMAT_VERSION = 2
"""Current version of both formats, raised by one with every change of either."""
MIN_READER = 1
"""The oldest version whose readers understand the files that are written now."""
MAX_BYTES = 2048
"""Largest size of a file."""

Number = float | None
Share = Annotated[float, Field(ge=0, le=1)]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")]


class ModelOf(Wire):
    """A model, by its package."""

    problem: Annotated[str, Field(max_length=200, description="name of the problem in params.yaml")]
    version: Annotated[
        str | None, Field(max_length=20, description="number of the version in the registry; null for a folder")
    ] = None
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="digest of the package")]


class Input(Wire):
    """What every file says of the input."""

    format_version: Annotated[int, Field(description="version of the format that wrote the file")] = FORMAT_VERSION
    min_reader: Annotated[int, Field(description="oldest version of the format whose readers understand the file")] = (
        MIN_READER
    )
    heelstrike: Annotated[str, Field(max_length=40, description="version of Heelstrike that wrote the file")]
    id: Annotated[
        Id, Field(description="salted digest of the input's bytes, so that one input has one file; no name is in it")
    ]
    time: Annotated[str | None, Field(max_length=32, description="when it was predicted, UTC; null in a reference")]
    kind: Literal["image", "video"]
    width: Annotated[int, Field(ge=1, description="width in pixels, as displayed")]
    height: Annotated[int, Field(ge=1, description="height in pixels, as displayed")]
    fps: Annotated[Number, Field(description="average frames per second; null for an image")] = None
    frames: Annotated[int, Field(ge=1, description="number of frames")]


class Quantiles(Wire):
    """Quantiles of a number over keypoints and frames; null if nothing has the number, or if it has no limit."""

    p10: Number = None
    p50: Number = None
    p90: Number = None


class PictureWire(Wire):
    """Statistics of some frames, scaled so that their longer side is 256 pixels; medians over the frames."""

    frames: Annotated[int, Field(ge=1, description="number of frames that were looked at")]
    brightness: Annotated[float, Field(description="mean of the brightness, 0 to 255")]
    contrast: Annotated[float, Field(description="standard deviation of the brightness")]
    sharpness: Annotated[float, Field(description="variance of the Laplacian of the brightness")]
    noise: Annotated[float, Field(description="standard deviation of the noise of the brightness (Immerkaer 1996)")]
    red: Annotated[float, Field(description="mean of Cr (BT.601), 128 is gray")]
    blue: Annotated[float, Field(description="mean of Cb (BT.601), 128 is gray")]


class GeometryWire(Wire):
    """The arrangement of the keypoints that are present; medians over frames with at least two."""

    span: Annotated[Number, Field(description="longer side of the arrangement as a share of the picture's height")] = (
        None
    )
    x: Annotated[Number, Field(description="its centre, as a share of the picture's width")] = None
    y: Annotated[Number, Field(description="its centre, as a share of the picture's height")] = None
    tilt: Annotated[Number, Field(description="angle of the skeleton's bones from the vertical, degrees clockwise")] = (
        None
    )
    aspect: Annotated[Number, Field(description="its width as a share of the span")] = None
    rise: Annotated[
        Number,
        Field(
            description="slope of the place down the picture of a part of the skeleton (a leg) by its size; the "
            "higher the camera, the larger; null if the sizes hardly differ"
        ),
    ] = None
    foreshortening: Annotated[
        Number,
        Field(
            description="since version 2: of parts of one size, how much larger the share of the first bone (the "
            "shank) is by how much further down the part is, in sizes; the higher the camera, the larger"
        ),
    ] = None
    trembling: Annotated[
        Number,
        Field(
            description="since version 2: standard deviation of what of a coordinate is no smooth movement, as a share "
            "of the span; null below 18 frames a second"
        ),
    ] = None
    bones: Annotated[
        tuple[Number, ...],
        Field(max_length=12, description="length of each of the skeleton's first bones as a share of the span"),
    ] = ()


class MarkerWire(Wire):
    """What is at the keypoints that are present: medians over keypoints and frames that were looked at."""

    brightness: Annotated[Number, Field(description="0 to 255")] = None
    contrast: Annotated[Number, Field(description="brightness above that of the surroundings")] = None
    red: Annotated[Number, Field(description="Cr (BT.601) above that of the surroundings")] = None
    blue: Annotated[Number, Field(description="Cb (BT.601) above that of the surroundings")] = None


class InputRecord(Input):
    """One image or video as a model saw it."""

    format: Literal["heelstrike-record"] = RECORD
    model: ModelOf
    picture: PictureWire
    measured: Annotated[int | None, Field(description="measured frames; null if the model measures nothing")] = None
    not_measured: Annotated[
        dict[Annotated[str, Field(max_length=40)], int], Field(max_length=20, description="number of frames by reason")
    ] = {}
    not_reliable: Annotated[int | None, Field(description="frames not reliable; null without limits")] = None
    present: Annotated[Share | None, Field(description="share of keypoints that are present, over all frames")] = None
    confidence: Quantiles = Quantiles()
    radius: Annotated[Quantiles, Field(description="radii as a share of the arrangement's span")] = Quantiles()
    half_width: Annotated[Quantiles, Field(description="half-widths of the main values, in their unit")] = Quantiles()
    geometry: GeometryWire = GeometryWire()
    marker: MarkerWire = MarkerWire()


class Doubtful(Wire):
    """A frame about which two models disagree."""

    frame: Annotated[int, Field(ge=0, description="number of the frame, from 0")]
    time_s: Number = None
    why: Annotated[
        Literal["measured", "present", "place", "value"],
        Field(
            description="only one measured it; a keypoint is present for one only; a keypoint is further apart than "
            "both radii; a value is further apart than both half-widths"
        ),
    ]
    px: Annotated[Number, Field(description="largest distance of a keypoint that both have, pixels")] = None
    value: Annotated[Number, Field(description="largest difference of a value that both have, in its unit")] = None


class Disagreement(Input):
    """What champion and challenger answered differently on one image or video. The champion's answer was given."""

    format: Literal["heelstrike-disagreement"] = DISAGREEMENT
    champion: ModelOf
    challenger: ModelOf
    disagreed: Annotated[int, Field(ge=0, description="number of frames about which they disagree")]
    measured_by: Annotated[
        tuple[int, int, int, int], Field(description="frames measured by both, champion only, challenger only, neither")
    ]
    px: Annotated[Quantiles, Field(description="distance of keypoints that both have, pixels")] = Quantiles()
    value: Annotated[Quantiles, Field(description="difference of values that both have, in their unit")] = Quantiles()
    unit: Annotated[str | None, Field(max_length=20, description="unit of the values")] = None
    worst: Annotated[
        tuple[Doubtful, ...], Field(max_length=8, description="frames to look at first, in order of their number")
    ] = ()

    @property
    def severity(self) -> float:
        """Share of frames about which the models disagree: what is to be looked at first."""
        return self.disagreed / self.frames


Small = TypeVar("Small", InputRecord, Disagreement)


def to_bytes(content: InputRecord | Disagreement) -> bytes:
    """Return a file's content: JSON on one line.

    Raises:
        UserError: It is larger than `MAX_BYTES`.
    """
    data = json.dumps(content.model_dump(mode="json"), allow_nan=False, separators=(",", ":")).encode() + b"\n"
    if len(data) > MAX_BYTES:
        raise UserError(f"{content.format} {content.id}: {len(data)} bytes, at most {MAX_BYTES} are allowed")
    return data


def small_path(folder: Path, id_: str, name: str) -> Path:
    """Return the path of a file: `ID.record.json` or `ID.disagreement.json`."""
    return folder / f"{id_}.{name.removeprefix('heelstrike-')}.json"


def write_small(folder: Path, content: InputRecord | Disagreement) -> Path:
    """Write `ID.record.json` or `ID.disagreement.json` atomically; a file of the same input is replaced.

    Raises:
        UserError: The content is too large.
        OSError: It cannot be written.
    """
    path = small_path(folder, content.id, content.format)
    data = to_bytes(content)
    with write_aside(path) as aside:
        aside.write_bytes(data)
    return path


def read_small(path: Path, model: type[Small]) -> Small:
    """Read a record or a disagreement.

    Raises:
        UserError: The file cannot be read, is too large, or is not of this format.
    """
    advice = "remove it, or collect it again"
    name = model.model_fields["format"].default
    try:
        data: dict[str, Any] = read_object(path, MAX_BYTES, advice)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}; {advice}") from None
    if data.get("format") != name:
        raise UserError(f"{path}: format is {data.get('format')!r}, expected {name}; {advice}")
    check_version(path, data, 1, FORMAT_VERSION)
    return parse(path, data, model)
