"""Result files, as other programs read them: what stands in them, and a reader of every version ever written.

The classes are the formats `heelstrike-prediction` and `heelstrike-exam` (docs/formats.md), which `heelstrike.predict`
writes. They are a promise to every reader, see `heelstrike.wire`.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from heelstrike.errors import UserError
from heelstrike.wire import Wire, check_version, parse, read_object

PREDICTION, EXAM = "heelstrike-prediction", "heelstrike-exam"
FORMAT_VERSION = 2
"""Of both formats; raised by one with every change of either."""
MIN_READER = 1
"""The oldest version whose readers read rightly what is written now."""

_MAX_BYTES = 2**31  # a result has some 2 kB a frame: ten hours of video
Number = float | None


class ModelWire(Wire):
    """Which model it was."""

    problem: Annotated[str, Field(description="name of the problem in params.yaml")]
    reference: Annotated[str, Field(description="`rearfoot/3` for a version of a registry, else the folder")]
    version: Annotated[str | None, Field(description="the registry's version; null for a folder")] = None
    digest: Annotated[str, Field(description="digest of the package")]


class MeasureResult(Wire):
    """What was read off the keypoints, or why nothing was; what each measure adds is kept as it is."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str
    unit: Annotated[str, Field(description="unit of the main values")]
    measured: Annotated[bool, Field(description="whether there are values")]
    reason: Annotated[str | None, Field(description="a code to count by; null where it was measured")] = None
    message: Annotated[str | None, Field(description="the same for a person")] = None
    warnings: tuple[str, ...] = ()
    values: dict[str, Number] = {}
    units: Annotated[dict[str, str], Field(description="the unit of each value")] = {}
    half_widths: Annotated[
        dict[str, Number], Field(description="how far the true value may be off to either side; null: without limit")
    ] = {}


class ClassResult(Wire):
    """The likeliest class."""

    name: str
    confidence: float
    sure: Annotated[bool, Field(description="not below the threshold")]
    probabilities: Annotated[dict[str, Number], Field(description="of all classes, calibrated")]


class InstanceResult(Wire):
    """One of any number of instances."""

    kind: Annotated[str, Field(alias="class")]
    score: float
    box: Annotated[tuple[Number, Number, Number, Number], Field(description="x, y, width, height in pixels")]


class FrameResult(Wire):
    """One frame of a video, or an image. What the network does not look for is null or absent."""

    frame: Annotated[int, Field(description="number in presentation order, from 0")]
    time_s: Annotated[Number, Field(description="presentation time stamp; null for an image")] = None
    keypoints: Annotated[
        tuple[tuple[Number, Number], ...] | None,
        Field(description="(x, y) in pixels as displayed; (0, 0) is the centre of the top-left pixel"),
    ] = None
    confidence: Annotated[tuple[Number, ...] | None, Field(description="0 to 1 for each keypoint")] = None
    missing: Annotated[tuple[str, ...] | None, Field(description="keypoints below the threshold")] = None
    radius: Annotated[
        tuple[Number, ...] | None, Field(description="pixels that each keypoint may be off; null: without limit")
    ] = None
    box: Annotated[tuple[Number, Number, Number, Number] | None, Field(description="x, y, width, height in pixels")] = (
        None
    )
    likeliest: Annotated[ClassResult | None, Field(alias="class")] = None
    instances: tuple[InstanceResult, ...] | None = None
    measure: MeasureResult | None = None
    reliable: Annotated[bool | None, Field(description="null where there is no limit to judge by")] = None
    doubts: Annotated[tuple[str, ...], Field(description="why it is not reliable, for a person")] = ()


class SourceWire(Wire):
    """Where the pixels came from."""

    file: str
    kind: Literal["image", "video"]
    width: Annotated[int, Field(description="pixels as displayed")]
    height: int
    fps: Annotated[Number, Field(description="average frames a second; null for an image")] = None
    mm_per_px: Annotated[Number, Field(description="side of a pixel; null where it is not known")] = None


class Spread(Wire):
    """Of a quantity over the measured frames."""

    median: Number
    min: Number
    max: Number


class Summary(Wire):
    """Counts and spread over all frames; the last five where the problem has a measure."""

    frames: int
    not_reliable: Annotated[int | None, Field(description="null where nothing was judged")] = None
    measured: int | None = None
    not_measured: Annotated[dict[str, int] | None, Field(description="frames by reason")] = None
    unit: str | None = None
    units: dict[str, str] | None = None
    values: dict[str, Spread] | None = None


class Versioned(Wire):
    """What every result file begins with."""

    format_version: Annotated[int, Field(description="version of the format that wrote the file")]
    min_reader: Annotated[
        int, Field(description="oldest version of the format whose readers read the file rightly")
    ] = 1
    heelstrike: Annotated[str, Field(description="version of the program")]


class PredictionResult(Versioned):
    """Result of an image or a video."""

    format: Literal["heelstrike-prediction"]
    source: SourceWire
    model: ModelWire
    keypoints: Annotated[tuple[str, ...], Field(description="names, in the order of every list below")]
    classes: tuple[str, ...] = ()
    skeleton: Annotated[tuple[tuple[int, int], ...], Field(description="indices into keypoints, from 0")] = ()
    confidence_threshold: Annotated[float, Field(description="answers below it count as missing")]
    radius_level: Annotated[
        Number, Field(description="share of a new person's points within their radius; null: there are no radii")
    ] = None
    max_radius_px: Annotated[Number, Field(description="what is still reliable; null: any")] = None
    max_uncertainty: Annotated[Number, Field(description="half-width that is still reliable; null: any")] = None
    frames: tuple[FrameResult, ...]
    summary: Summary


class ExamSource(Wire):
    """The images of an exam."""

    folder: str
    files: Annotated[tuple[str, ...], Field(description="images that were read")]
    failed: Annotated[tuple[str, ...], Field(description="images that could not be read")] = ()


class ExamResult(Versioned):
    """Result of the images of an exam together."""

    format: Literal["heelstrike-exam"]
    source: ExamSource
    model: ModelWire
    confidence_threshold: float
    measure: MeasureResult


_FORMATS: dict[str, type[PredictionResult] | type[ExamResult]] = {PREDICTION: PredictionResult, EXAM: ExamResult}


def read_result(path: Path | str) -> PredictionResult | ExamResult:
    """Read a result JSON of any version.

    Args:
        path: `walk.mp4.json`, `photo.jpg.json` or `FOLDER.volume.json`.

    Raises:
        UserError: The file is missing, is no result of Heelstrike, or needs a newer version of it.
    """
    path = Path(path)
    advice = "give a JSON that `heelstrike predict` wrote"
    try:
        data = read_object(path, _MAX_BYTES, advice)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; {advice}") from None
    name: Any = data.get("format")
    if name not in _FORMATS:
        raise UserError(f"{path}: format is {name!r}, expected {' or '.join(_FORMATS)}; {advice}")
    check_version(path, data, 1, FORMAT_VERSION)
    return parse(path, data, _FORMATS[name])
