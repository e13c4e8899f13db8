"""Settings of the measures, a class for each. `name` selects the measure."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from heelstrike.settings import Strict


class Measured(Strict):
    """Base of the settings of every measure."""

    @property
    def uncertainty_limit(self) -> float | None:
        """Largest half-width of a value in a reliable frame, in the measure's unit; `None` means no limit."""
        return None


class MeasuredImage(Measured):
    """Base of the settings of every measure of single images."""

    max_uncertainty: Annotated[
        float | None,
        Field(
            gt=0,
            description="largest half-width of a value in a reliable frame, in the measure's unit; null: no limit",
        ),
    ] = None

    @property
    def uncertainty_limit(self) -> float | None:
        """The limit that `max_uncertainty` sets."""
        return self.max_uncertainty


class RearfootSettings(MeasuredImage):
    """Settings of the rear-foot angle of each leg, from three markers per leg, seen from behind.

    A frame beyond one of the limits does not show two legs; it is not measured, and the reason is reported. Limits are
    ratios and angles, so they do not depend on the size of the image.
    """

    name: Literal["rearfoot_angle"]
    left: Annotated[tuple[str, str, str], Field(description="the left leg's keypoints, top to bottom")]
    right: Annotated[tuple[str, str, str], Field(description="the right leg's keypoints, top to bottom")]
    max_angle_deg: Annotated[
        float,
        Field(
            gt=0, le=180, description="larger rear-foot angles are anatomically impossible; clinical ones are within 30"
        ),
    ] = 45.0
    max_segment_ratio: Annotated[
        float,
        Field(gt=1, description="largest ratio of a leg's longer to its shorter segment; a swinging foot looks short"),
    ] = 8.0
    max_leg_ratio: Annotated[
        float,
        Field(
            gt=1,
            description="largest ratio of the longer to the shorter leg; the leg nearer to the camera looks longer",
        ),
    ] = 2.5
    min_leg_distance: Annotated[
        float,
        Field(
            gt=0, lt=1, description="smallest distance between markers of different legs, in lengths of the longer leg"
        ),
    ] = 0.05
    max_leg_offset: Annotated[
        float,
        Field(
            gt=0,
            description="largest difference in height of the legs, in lengths of the longer leg; swing lifts a leg",
        ),
    ] = 1.0

    @property
    def named(self) -> dict[str, tuple[str, ...]]:
        """Names of the keypoints, by setting."""
        return {"left": self.left, "right": self.right}


class FootprintSettings(MeasuredImage):
    """Settings of the measures on a footprint: lengths, angles, arch index, and the base outline of an insole.

    Lengths need the size of a pixel: `mm_per_px` or `dpi` of a data source, `--dpi` for a consumer.
    """

    name: Literal["footprint"]
    toes: Annotated[tuple[str, str, str, str, str], Field(description="tops of the toes, hallux first")]
    ball_medial: Annotated[str, Field(description="medial edge of the first metatarsal head")]
    ball_lateral: Annotated[str, Field(description="lateral edge of the fifth metatarsal head")]
    heel: Annotated[str, Field(description="lowest point of the heel")]
    ink_on: Annotated[
        Literal["light", "dark"], Field(description="background of the ink in the image as it was taken")
    ] = "light"
    foot_length_mm: Annotated[
        tuple[float, float],
        Field(
            description="range of plausible lengths; a print outside it is not measured, since the scale must be wrong"
        ),
    ] = (80.0, 360.0)
    toe_allowance_mm: Annotated[float, Field(ge=0, le=40, description="how far the insole reaches beyond the toes")] = (
        8.0
    )
    heel_allowance_mm: Annotated[
        float, Field(ge=0, le=40, description="how far the insole reaches behind the heel")
    ] = 3.0
    side_allowance_mm: Annotated[
        float, Field(ge=0, le=40, description="how far the insole reaches beyond the sides of the foot")
    ] = 3.0

    @property
    def named(self) -> dict[str, tuple[str, ...]]:
        """Names of the keypoints, by setting."""
        return {
            "toes": self.toes,
            "ball_medial": (self.ball_medial,),
            "ball_lateral": (self.ball_lateral,),
            "heel": (self.heel,),
        }


class ScanVolumeSettings(Measured):
    """Settings of the volume to scan, from landmarks on an exam's scout planes (heelstrike/measure/scan_volume.py)."""

    name: Literal["scan_volume"]
    axial: Annotated[tuple[str, ...], Field(description="keypoints that are used on axial planes")]
    coronal: Annotated[tuple[str, ...], Field(description="keypoints that are used on coronal planes")]
    sagittal: Annotated[tuple[str, ...], Field(description="keypoints that are used on sagittal planes")]
    midline: Annotated[
        tuple[str, ...],
        Field(min_length=3, description="points where the midsagittal plane cuts axial and coronal planes"),
    ]
    anterior: Annotated[str, Field(description="anterior commissure, on the sagittal plane")]
    posterior: Annotated[str, Field(description="posterior commissure, on the sagittal plane")]
    sides: Annotated[
        tuple[str, ...],
        Field(min_length=2, description="outermost points on both sides; the image's placement tells which is left"),
    ]
    front: Annotated[tuple[str, ...], Field(min_length=1, description="foremost points")]
    back: Annotated[tuple[str, ...], Field(min_length=1, description="hindmost points")]
    top: Annotated[tuple[str, ...], Field(min_length=1, description="topmost points")]
    base: Annotated[tuple[str, ...], Field(min_length=1, description="lowest points")]
    margin_mm: Annotated[
        float, Field(ge=0, le=100, description="margin of the volume beyond the landmarks, on each of its six sides")
    ] = 10.0
    commissures_mm: Annotated[
        tuple[float, float],
        Field(description="range of plausible distances between the commissures; an exam outside it is not measured"),
    ] = (15.0, 40.0)
    max_disagreement_mm: Annotated[
        float,
        Field(
            gt=0,
            description="largest disagreement between planes that is measured; more means movement or a wrong landmark",
        ),
    ] = 8.0
    min_plane_angle_deg: Annotated[
        float,
        Field(
            gt=0,
            le=90,
            description="smallest angle between planes of two kinds; planes at a smaller angle count as parallel",
        ),
    ] = 45.0

    @property
    def planes(self) -> dict[str, tuple[str, ...]]:
        """Keypoints of each kind of plane."""
        return {"axial": self.axial, "coronal": self.coronal, "sagittal": self.sagittal}

    @property
    def faces(self) -> dict[str, tuple[str, ...]]:
        """Keypoints that define each face of the volume, in the order of the axes, low before high."""
        sides = {"left": self.sides, "right": self.sides}
        return sides | {"back": self.back, "front": self.front, "base": self.base, "top": self.top}

    @property
    def named(self) -> dict[str, tuple[str, ...]]:
        """Names of the keypoints, by setting."""
        single = {"anterior": (self.anterior,), "posterior": (self.posterior,)}
        groups = {name: getattr(self, name) for name in ("midline", "sides", "front", "back", "top", "base")}
        return self.planes | single | groups

    @model_validator(mode="after")
    def _each_keypoint_has_a_plane(self) -> Self:
        listed = [name for names in self.planes.values() for name in names]
        if len(set(listed)) != len(listed):
            raise ValueError(
                "a keypoint is twice in axial, coronal and sagittal; each keypoint is used on one kind of plane"
            )
        for setting, names in self.named.items():
            for name in names:
                if name not in listed:
                    raise ValueError(f"{setting} names {name!r}, which is not in axial, coronal or sagittal")
        for setting, name in (("anterior", self.anterior), ("posterior", self.posterior)):
            if name not in self.sagittal:
                raise ValueError(f"{setting} is {name!r}, which has to be one of sagittal")
        return self


MeasureSettings = Annotated[RearfootSettings | FootprintSettings | ScanVolumeSettings, Field(discriminator="name")]
