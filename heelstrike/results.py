"""The formats of result files, and a reader for all their versions.

The formats are `heelstrike-prediction` and `heelstrike-exam` (docs/formats.md); `heelstrike.predict` writes them.
`heelstrike.wire` has the rules for changing a format.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from heelstrike.errors import UserError
from heelstrike.reasons import Reason
from heelstrike.wire import Wire, check_version, parse, read_object

PREDICTION, EXAM = "heelstrike-prediction", "heelstrike-exam"
FORMAT_VERSION = 5
"""Current version of both formats, raised by one with every change of either."""
MIN_READER = 1
"""The oldest version whose readers understand the files that are written now."""

_MAX_BYTES = 2**31  # ten hours of video at about 2 kB a frame
Number = float | None


class ModelWire(Wire):
    """The model that made the result."""

    problem: Annotated[str, Field(description="name of the problem in params.yaml")]
    reference: Annotated[str, Field(description="`rearfoot/3` for a version in a registry, else the package's folder")]
    version: Annotated[str | None, Field(description="number of the version in the registry; null for a folder")] = None
    digest: Annotated[str, Field(description="digest of the package")]


class MeasureResult(Wire):
    """What was measured, or why nothing was. Keys that a measure adds are kept as they are."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str
    unit: Annotated[str, Field(description="unit of the main values")]
    measured: Annotated[bool, Field(description="true if there are values")]
    reason: Annotated[
        str | None,
        Field(
            description="why nothing was measured, as a code to count by; null if measured. Codes may be added",
            examples=[reason.value for reason in Reason],
        ),
    ] = None
    markers: Annotated[
        dict[str, int] | None,
        Field(description="of legs that were not measured: number of markers that were found on each leg"),
    ] = None
    message: Annotated[
        str | None, Field(description="why nothing was measured, as a sentence for a person; null if measured")
    ] = None
    warnings: tuple[str, ...] = ()
    values: dict[str, Number] = {}
    units: Annotated[dict[str, str], Field(description="unit of each value")] = {}
    half_widths: Annotated[
        dict[str, Number],
        Field(description="how far the true value may be off each value, to either side; null: without limit"),
    ] = {}


class ClassResult(Wire):
    """The most probable class."""

    name: str
    confidence: float
    sure: Annotated[bool, Field(description="true if the confidence reaches the threshold")]
    probabilities: Annotated[dict[str, Number], Field(description="calibrated probability of each class")]


class InstanceResult(Wire):
    """One detected instance."""

    kind: Annotated[str, Field(alias="class")]
    score: float
    box: Annotated[tuple[Number, Number, Number, Number], Field(description="x, y, width, height in pixels")]


class FrameWire(Wire):
    """One frame of a video, or an image. Outputs that the network does not have are null or absent."""

    frame: Annotated[int, Field(description="number in presentation order, from 0")]
    time_s: Annotated[Number, Field(description="presentation time stamp in seconds; null for an image")] = None
    keypoints: Annotated[
        tuple[tuple[Number, Number], ...] | None,
        Field(description="(x, y) in pixels as displayed; (0, 0) is the centre of the top-left pixel"),
    ] = None
    confidence: Annotated[tuple[Number, ...] | None, Field(description="confidence of each keypoint, 0 to 1")] = None
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
    people: Annotated[
        int | None,
        Field(description="people who were told apart when the patient was last looked for; null if nobody was"),
    ] = None
    from_frames: Annotated[
        int | None,
        Field(description="frames that the keypoints are from, this one and others; null: from this frame alone"),
    ] = None
    reliable: Annotated[
        bool | None,
        Field(
            description="false if a keypoint or a value may be off by more than the model's limits; null without limits"
        ),
    ] = None
    doubts: Annotated[
        tuple[str, ...], Field(description="why the frame is not reliable, as sentences for a person")
    ] = ()


class SourceWire(Wire):
    """The image or video that was measured."""

    file: str
    kind: Literal["image", "video"]
    width: Annotated[int, Field(description="width in pixels, as displayed")]
    height: Annotated[int, Field(description="height in pixels, as displayed")]
    fps: Annotated[Number, Field(description="average frames per second; null for an image")] = None
    mm_per_px: Annotated[Number, Field(description="side of a pixel in millimetres; null if unknown")] = None


class SpreadWire(Wire):
    """Median and range of a quantity over the measured frames."""

    median: Number
    min: Number
    max: Number


class SummaryWire(Wire):
    """Counts and spreads over all frames. The last five fields are there if the model has a measure."""

    frames: int
    not_reliable: Annotated[
        int | None, Field(description="number of frames that are not reliable; null without limits")
    ] = None
    measured: int | None = None
    not_measured: Annotated[dict[str, int] | None, Field(description="number of frames by reason")] = None
    unit: str | None = None
    units: dict[str, str] | None = None
    values: dict[str, SpreadWire] | None = None


class EstimateWire(Wire):
    """A value over the steps of a leg, or the difference of two legs."""

    mean: Number
    sd: Annotated[Number, Field(description="standard deviation over steps; null for fewer than two")] = None
    half_width: Annotated[
        Number, Field(description="how far the true mean may be off, to either side; null if unknown or without limit")
    ] = None
    steps: int


class LegStepsWire(Wire):
    """The steps of one leg together."""

    steps: Annotated[int, Field(description="number of whole stances")]
    values: dict[str, EstimateWire] = {}
    curve_deg: Annotated[tuple[Number, ...], Field(description="mean angle at 0 to 100 % of stance")] = ()
    curve_sd_deg: Annotated[tuple[Number, ...], Field(description="its standard deviation over steps")] = ()


class EventWire(Wire):
    """A foot strike or a toe off."""

    leg: Literal["left", "right"]
    kind: Annotated[str, Field(description="`strike` or `toe_off`")]
    time_s: float


class StepWire(Wire):
    """One stance of a leg, from foot strike to toe off."""

    leg: Literal["left", "right"]
    strike_s: float
    toe_off_s: float
    values: Annotated[dict[str, Number], Field(description="signed angles and durations by name; null if unknown")] = {}
    half_widths: Annotated[
        dict[str, Number],
        Field(description="how far the true angle may be off, to either side; null if unknown or without limit"),
    ] = {}
    curve_deg: Annotated[tuple[Number, ...], Field(description="signed angle at 0 to 100 % of stance")] = ()


class StepsWire(Wire):
    """The steps of a video of walking legs, or why there are none."""

    reason: Annotated[str | None, Field(description="why there are no steps, as a code; null if there are")] = None
    message: Annotated[str | None, Field(description="why there are no steps, as a sentence for a person")] = None
    direction: Annotated[
        str | None, Field(description="`away`, `towards` or `in_place`; null if it cannot be told")
    ] = None
    cadence_per_min: Annotated[Number, Field(description="steps of both legs a minute")] = None
    units: Annotated[dict[str, str], Field(description="unit of each value")] = {}
    legs: Annotated[dict[str, LegStepsWire], Field(description="by leg; one without a whole stance is left out")] = {}
    difference: Annotated[dict[str, EstimateWire], Field(description="left minus right")] = {}
    events: tuple[EventWire, ...] = ()
    steps: tuple[StepWire, ...] = ()
    notes: Annotated[tuple[str, ...], Field(description="what a person should know about these steps")] = ()


class Versioned(Wire):
    """The first fields of every result file."""

    format_version: Annotated[int, Field(description="version of the format that wrote the file")]
    min_reader: Annotated[int, Field(description="oldest version of the format whose readers understand the file")] = 1
    heelstrike: Annotated[str, Field(description="version of Heelstrike that wrote the file")]


class PredictionResult(Versioned):
    """Result of an image or a video."""

    format: Literal["heelstrike-prediction"]
    source: SourceWire
    model: ModelWire
    keypoints: Annotated[tuple[str, ...], Field(description="names of the keypoints, in the order of every list below")]
    classes: tuple[str, ...] = ()
    skeleton: Annotated[tuple[tuple[int, int], ...], Field(description="pairs of indices into keypoints, from 0")] = ()
    confidence_threshold: Annotated[float, Field(description="predictions of lower confidence count as missing")]
    radius_level: Annotated[
        Number,
        Field(
            description="share of a new person's keypoints that lie within their radius; null: the model has no radii"
        ),
    ] = None
    max_radius_px: Annotated[Number, Field(description="largest radius that is still reliable; null: no limit")] = None
    max_uncertainty: Annotated[
        Number, Field(description="largest half-width that is still reliable; null: no limit")
    ] = None
    frames: tuple[FrameWire, ...]
    steps: Annotated[
        StepsWire | None, Field(description="null for an image, and if the model does not measure walking legs")
    ] = None
    summary: SummaryWire


class ExamSource(Wire):
    """The images of an exam."""

    folder: str
    files: Annotated[tuple[str, ...], Field(description="images that were read")]
    failed: Annotated[tuple[str, ...], Field(description="images that could not be read")] = ()


class ExamResult(Versioned):
    """Result of an exam, measured on all its images together."""

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
        UserError: The file is missing, is not a result of Heelstrike, or needs a newer version of Heelstrike.
    """
    path = Path(path)
    advice = "give a JSON file that `heelstrike predict` wrote"
    try:
        data = read_object(path, _MAX_BYTES, advice)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; {advice}") from None
    name: Any = data.get("format")
    if not isinstance(name, str) or name not in _FORMATS:
        raise UserError(f"{path}: format is {name!r}, expected {' or '.join(_FORMATS)}; {advice}")
    check_version(path, data, 1, FORMAT_VERSION)
    return parse(path, data, _FORMATS[name])
