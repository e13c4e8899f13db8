"""Settings of the measurements, what a clinician reads off the keypoints; one class each, `name` picks one."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.problem import Strict


class Measured(Strict):
    """What every measure's settings have."""

    max_uncertainty: Annotated[
        float | None,
        Field(
            gt=0,
            description="a frame is not reliable where a value in the measure's own unit may be off by more; none: any",
        ),
    ] = None


class RearfootSettings(Measured):
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


class FootprintSettings(Measured):
    """Lengths, angles and arch index of a footprint, and the base outline of an insole (pipeline/measure/footprint.py).

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


MeasureSettings = Annotated[RearfootSettings | FootprintSettings, Field(discriminator="name")]
