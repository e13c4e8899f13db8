"""Settings of the measurements, what a clinician reads off the keypoints; one class each, `name` picks one."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from heelstrike.settings import Strict


class Measured(Strict):
    """What every measure's settings have."""

    @property
    def uncertainty_limit(self) -> float | None:
        """By how much a value may be off before its frame is not reliable, in the measure's unit; none: any."""
        return None


class MeasuredImage(Measured):
    """What the settings of every measure of single images have."""

    max_uncertainty: Annotated[
        float | None,
        Field(
            gt=0,
            description="a frame is not reliable where a value in the measure's own unit may be off by more; none: any",
        ),
    ] = None

    @property
    def uncertainty_limit(self) -> float | None:
        """See `Measured.uncertainty_limit`."""
        return self.max_uncertainty


class RearfootSettings(MeasuredImage):
    """Rear-foot angle of each leg from three markers, top to bottom, seen from behind.

    The limits say what is no pair of legs: a frame beyond one of them is reported with its reason, not measured. They
    are ratios and angles, so they hold at every image size.
    """

    name: Literal["rearfoot_angle"]
    left: Annotated[tuple[str, str, str], Field(description="the left leg's keypoints, top to bottom")]
    right: Annotated[tuple[str, str, str], Field(description="the right leg's keypoints, top to bottom")]
    max_angle_deg: Annotated[
        float, Field(gt=0, le=180, description="a larger rear-foot angle is no anatomy; clinical ones are within 30")
    ] = 45.0
    max_segment_ratio: Annotated[
        float, Field(gt=1, description="longer to shorter of a leg's two segments; a swinging foot looks short")
    ] = 8.0
    max_leg_ratio: Annotated[
        float, Field(gt=1, description="longer to shorter leg; the leg nearer to the camera looks longer")
    ] = 2.5
    min_leg_distance: Annotated[
        float, Field(gt=0, lt=1, description="smallest distance of two legs' markers, in lengths of the longer leg")
    ] = 0.05
    max_leg_offset: Annotated[
        float,
        Field(gt=0, description="how much higher one leg's middle is, in lengths of the longer leg; swing lifts it"),
    ] = 1.0

    @property
    def named(self) -> dict[str, tuple[str, ...]]:
        """Keypoints that each setting names."""
        return {"left": self.left, "right": self.right}


class FootprintSettings(MeasuredImage):
    """Lengths, angles and arch index of a footprint, and the base outline of an insole (see `Footprint`).

    Lengths need the size of a pixel: `mm_per_px` or `dpi` of a source, `--dpi` of a consumer.
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
        tuple[float, float], Field(description="outside it is no foot, or the scale is wrong; not measured")
    ] = (80.0, 360.0)
    toe_allowance_mm: Annotated[float, Field(ge=0, le=40, description="insole beyond the toes")] = 8.0
    heel_allowance_mm: Annotated[float, Field(ge=0, le=40, description="insole behind the heel")] = 3.0
    side_allowance_mm: Annotated[float, Field(ge=0, le=40, description="insole beside the foot")] = 3.0

    @property
    def named(self) -> dict[str, tuple[str, ...]]:
        """Keypoints that each setting names."""
        return {
            "toes": self.toes,
            "ball_medial": (self.ball_medial,),
            "ball_lateral": (self.ball_lateral,),
            "heel": (self.heel,),
        }


class ScanVolumeSettings(Measured):
    """The volume to scan, from landmarks on the scout planes of an exam (heelstrike/measure/scan_volume.py)."""

    name: Literal["scan_volume"]
    axial: Annotated[tuple[str, ...], Field(description="keypoints that are read off axial planes")]
    coronal: Annotated[tuple[str, ...], Field(description="the same for coronal planes")]
    sagittal: Annotated[tuple[str, ...], Field(description="the same for sagittal planes")]
    midline: Annotated[
        tuple[str, ...], Field(min_length=3, description="where the midsagittal plane cuts axial and coronal planes")
    ]
    anterior: Annotated[str, Field(description="anterior commissure, on the sagittal plane")]
    posterior: Annotated[str, Field(description="posterior commissure, on the sagittal plane")]
    sides: Annotated[
        tuple[str, ...], Field(min_length=2, description="outermost points on both sides; the file tells which is left")
    ]
    front: Annotated[tuple[str, ...], Field(min_length=1, description="foremost points")]
    back: Annotated[tuple[str, ...], Field(min_length=1, description="hindmost points")]
    top: Annotated[tuple[str, ...], Field(min_length=1, description="topmost points")]
    base: Annotated[tuple[str, ...], Field(min_length=1, description="lowest points")]
    margin_mm: Annotated[
        float, Field(ge=0, le=100, description="volume beyond the landmarks, on each of six sides")
    ] = 10.0
    commissures_mm: Annotated[
        tuple[float, float], Field(description="distance of the commissures; outside it is no brain; not measured")
    ] = (15.0, 40.0)
    max_disagreement_mm: Annotated[
        float, Field(gt=0, description="planes that disagree by more are not measured (patient moved, wrong landmark)")
    ] = 8.0
    min_plane_angle_deg: Annotated[
        float, Field(gt=0, le=90, description="planes of two kinds at a smaller angle are as good as parallel")
    ] = 45.0

    @property
    def planes(self) -> dict[str, tuple[str, ...]]:
        """Keypoints of each kind of plane."""
        return {"axial": self.axial, "coronal": self.coronal, "sagittal": self.sagittal}

    @property
    def faces(self) -> dict[str, tuple[str, ...]]:
        """Keypoints that each face of the volume is found by, in the order of the axes, low before high."""
        sides = {"left": self.sides, "right": self.sides}
        return sides | {"back": self.back, "front": self.front, "base": self.base, "top": self.top}

    @property
    def named(self) -> dict[str, tuple[str, ...]]:
        """Keypoints that each setting names."""
        alone = {"anterior": (self.anterior,), "posterior": (self.posterior,)}
        several = {name: getattr(self, name) for name in ("midline", "sides", "front", "back", "top", "base")}
        return self.planes | alone | several

    @model_validator(mode="after")
    def _each_point_has_a_plane(self) -> Self:
        listed = [name for names in self.planes.values() for name in names]
        if len(set(listed)) != len(listed):
            raise ValueError("a keypoint stands in axial, coronal and sagittal twice; each is read off one plane")
        for setting, names in self.named.items():
            for name in names:
                if name not in listed:
                    raise ValueError(f"{setting} names {name!r}, which is in none of axial, coronal and sagittal")
        for setting, name in (("anterior", self.anterior), ("posterior", self.posterior)):
            if name not in self.sagittal:
                raise ValueError(f"{setting} is {name!r}, which has to be one of sagittal")
        return self


MeasureSettings = Annotated[RearfootSettings | FootprintSettings | ScanVolumeSettings, Field(discriminator="name")]
