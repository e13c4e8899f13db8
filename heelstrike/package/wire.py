"""The format of manifest.json in a package. `heelstrike.wire` has the rules for changing a format.

These classes are separate from the settings in params.yaml, so that a setting can be added, removed or renamed without
a change of the format. `convert` converts between the two.
"""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from heelstrike.preprocess.windows import OddSlots
from heelstrike.wire import Wire

FORMAT_VERSION = 6
"""Current version of the format, raised by one with every change."""
MIN_READER = 5
"""The oldest version whose readers understand the files that are written now."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
]  # a name without folders, so no file outside the package
Limits = tuple[float, float]
Name = Annotated[str, Field(min_length=1)]


class FileEntry(Wire):
    """Hash and size of a file of the package."""

    sha256: Sha256
    bytes: Annotated[int, Field(ge=0)]


class Category(Wire):
    """A COCO category of a keypoint dataset, and its classes; `skeleton` counts keypoints from 1, as COCO does."""

    id: int = 1
    name: str
    keypoints: tuple[str, ...] = ()
    classes: Annotated[
        tuple[str, ...], Field(description="classes that an instance can have; class index c is `classes[c]`")
    ] = ()
    skeleton: tuple[tuple[int, int], ...] = ()

    @property
    def categories(self) -> tuple[str, ...]:
        """COCO's categories of an instance: the classes, or the single category if there are no classes."""
        return self.classes or (self.name,)


class InputWire(Wire):
    """Size of the network's input in pixels. The graph scales every image to it."""

    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]
    channels: Annotated[Literal[1, 3], Field(description="3 is RGB, 1 is gray")]


class FilterWire(Wire):
    """An image filter and its options. Readers refuse an unknown option, since it would change pixels."""

    name: str
    options: dict[str, Any] = {}


class MirrorWire(Wire):
    """Images whose `slice` has this `value` are mirrored before the graph."""

    slice: str
    value: str


class ZoomWire(Wire):
    """How keypoints are looked for at every size; `heelstrike.package.zoom` explains it."""

    fill: Annotated[float, Field(gt=0, lt=1)]
    min_confidence: Annotated[float, Field(ge=0, le=1)]
    sure: Annotated[float, Field(ge=0, le=1)]
    max_disagreement: Annotated[float, Field(gt=0)]
    min_distance: Annotated[float, Field(ge=0)]
    patient: Annotated[
        Literal["largest", "most_central", "most_certain"],
        Field(description="who is measured if several people are in view, among those whose keypoints are all found"),
    ] = "largest"


class QuantisedWire(Wire):
    """How much of the graph is computed with integers, and what that changes; `heelstrike.package.quantised`."""

    arithmetic: Annotated[str, Field(description="`int8`: convolutions have weights and activations of 8 bits")]
    images: Annotated[int, Field(ge=1)]
    changes: Annotated[dict[str, float], Field(description="change of each score on the validation split, by its name")]
    allowed: Annotated[dict[str, float], Field(description="largest accepted change of each score, by its name")]


class RadiiWire(Wire):
    """The calibration that gives a keypoint's radius from its confidence; `heelstrike.measure.radii` explains it."""

    level: Annotated[float, Field(gt=0, lt=1)]
    subjects: Annotated[int, Field(ge=0)]
    difficulty: Annotated[tuple[tuple[float, float], ...], Field(min_length=1)]
    factors: Annotated[
        tuple[float | None, ...], Field(description="factor of each keypoint; null: the radius has no limit")
    ]
    enlarged: Annotated[
        tuple[tuple[float, float], ...],
        Field(
            description="(input pixels per pixel of the image, factor of the radius), by rising scale from above 1; "
            "linear between, without limit beyond; empty: radii do not grow"
        ),
    ] = ()
    pooled: dict[str, str] = {}
    quantities: Annotated[
        dict[str, float | None], Field(description="factor of each quantity; null: the half-width has no limit")
    ] = {}


class TemporalWire(Wire):
    """How a second graph answers from several frames of a video; `heelstrike.package.temporal` explains it."""

    slots: OddSlots
    step_s: Annotated[float, Field(gt=0)]
    confidence: Annotated[float, Field(ge=0, le=1)]
    fill: Annotated[float, Field(gt=0)]
    corrects: bool
    seen: Annotated[float | None, Field(description="factor of a keypoint that the frame shows; null: no limit")]
    filled: Annotated[float | None, Field(description="factor of one that only other frames show; null: no limit")]
    quantities: Annotated[
        dict[str, float | None], Field(description="factor of each quantity; null: the half-width has no limit")
    ] = {}


class RearfootWire(Wire):
    """Settings of the rear-foot angle."""

    name: Literal["rearfoot_angle"]
    left: tuple[Name, Name, Name]
    right: tuple[Name, Name, Name]
    max_angle_deg: float
    max_segment_ratio: float
    max_leg_ratio: float
    min_leg_distance: float
    max_leg_offset: float
    max_uncertainty: float | None = None


class FootprintWire(Wire):
    """Settings of what is measured on a footprint."""

    name: Literal["footprint"]
    toes: tuple[Name, Name, Name, Name, Name]
    ball_medial: Name
    ball_lateral: Name
    heel: Name
    ink_on: Literal["light", "dark"]
    foot_length_mm: Limits
    toe_allowance_mm: float
    heel_allowance_mm: float
    side_allowance_mm: float
    max_uncertainty: float | None = None


class ScanVolumeWire(Wire):
    """Settings of the volume to scan."""

    name: Literal["scan_volume"]
    axial: tuple[Name, ...]
    coronal: tuple[Name, ...]
    sagittal: tuple[Name, ...]
    midline: tuple[Name, ...]
    anterior: Name
    posterior: Name
    sides: tuple[Name, ...]
    front: tuple[Name, ...]
    back: tuple[Name, ...]
    top: tuple[Name, ...]
    base: tuple[Name, ...]
    margin_mm: float
    commissures_mm: Limits
    max_disagreement_mm: float
    min_plane_angle_deg: float


KNOWN_MEASURES = ("rearfoot_angle", "footprint", "scan_volume")


class UnknownMeasure(Wire):
    """A measure of a later version. It is read so that the message can name it."""

    name: Annotated[str, Field(json_schema_extra={"not": {"enum": list(KNOWN_MEASURES)}})]


def _measure_tag(value: Any) -> str:
    name = value.get("name") if isinstance(value, dict) else getattr(value, "name", None)
    return name if name in KNOWN_MEASURES else "unknown"


MeasureWire = Annotated[
    Annotated[RearfootWire, Tag("rearfoot_angle")]
    | Annotated[FootprintWire, Tag("footprint")]
    | Annotated[ScanVolumeWire, Tag("scan_volume")]
    | Annotated[UnknownMeasure, Tag("unknown")],
    Discriminator(_measure_tag),
]


class ManifestWire(Wire):
    """manifest.json of a Heelstrike package."""

    format_version: Annotated[int, Field(description="version of this format that wrote the file")]
    min_reader: Annotated[int, Field(description="oldest version of this format whose readers understand the file")]
    heelstrike: Annotated[str, Field(description="version of Heelstrike that made the package")]
    problem: Annotated[str, Field(description="name of the problem in params.yaml")]
    network: Annotated[dict[str, Any], Field(description="architecture and its settings, for the record")]
    category: Category
    flip_pairs: Annotated[
        tuple[tuple[str, str], ...], Field(description="pairs of keypoints that swap names in a mirror image")
    ] = ()
    heads: Annotated[
        dict[str, tuple[str, ...]],
        Field(description="the graph's outputs by head of the network; empty: readers find the heads by their outputs"),
    ] = {}
    input: InputWire
    filters: Annotated[
        tuple[FilterWire, ...], Field(description="applied to the image before the graph, in order")
    ] = ()
    mirror: Annotated[MirrorWire | None, Field(description="which images are mirrored before the graph")] = None
    zoom: Annotated[
        ZoomWire | None,
        Field(description="how keypoints are looked for at every size; null: the graph is given the whole image"),
    ] = None
    confidence: Annotated[float, Field(ge=0, le=1, description="keypoints of lower confidence count as missing")]
    measure: Annotated[MeasureWire | None, Field(description="what is measured from the keypoints; null: nothing")] = (
        None
    )
    radii: Annotated[
        RadiiWire | None, Field(description="calibration of how far keypoints may be off; null: not known")
    ] = None
    temporal: Annotated[
        TemporalWire | None,
        Field(description="answers from several frames of a video; null: every frame is predicted by itself"),
    ] = None
    max_radius_px: Annotated[
        float | None, Field(gt=0, description="a keypoint with a larger radius is not reliable; null: no limit")
    ] = None
    parity_px: Annotated[
        float | None,
        Field(
            ge=0, description="largest difference in pixels between graph and network on test images; null: not known"
        ),
    ] = None
    quantised: Annotated[
        QuantisedWire | None, Field(description="integers in the graph; null: it is computed with floats")
    ] = None
    training_data: Annotated[
        Sha256, Field(description="digest of the prepared labels that the model was trained and tested on")
    ]
    metrics: Annotated[dict[str, float], Field(description="headline metrics on the test split")] = {}
    files: Annotated[dict[FileName, FileEntry], Field(min_length=1)]
    digest: Annotated[str, Field(description="SHA-256 of this manifest without this field; it identifies the package")]
