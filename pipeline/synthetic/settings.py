"""Settings of a synthetic source."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from heelstrike.settings import Strict


class SyntheticSource(Strict):
    """Rendered videos or pictures with exact labels (pipeline/synthetic)."""

    kind: Literal["synthetic"]
    generator: Annotated[str, Field(description="name of a generator in pipeline/synthetic")] = "rearfoot"
    subjects: Annotated[
        int, Field(ge=1, description="number of people; for shapes and stick figures, number of images")
    ] = 90
    frames_per_subject: Annotated[
        int,
        Field(
            ge=1,
            description="labelled frames of a video, evenly spread; or still images of a person (three make an exam)",
        ),
    ] = 8
    width: Annotated[
        int, Field(ge=64, multiple_of=2, description="image width, pixels; of footprints the largest width")
    ] = 640
    height: Annotated[
        int, Field(ge=64, multiple_of=2, description="image height, pixels; of footprints the largest height")
    ] = 480
    seed: Annotated[int, Field(ge=0, lt=2**32, description="seed of everything that is drawn")] = 1
    legs: Annotated[
        tuple[Annotated[float, Field(ge=0.02, le=3)], Annotated[float, Field(ge=0.02, le=3)]],
        Field(
            description="rearfoot: smallest and largest share of the picture that the lower legs fill, by the camera's "
            "distance and zoom; above 1 they are cut off"
        ),
    ] = (0.75, 0.97)
    incomplete: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="rearfoot: share of people with fewer than three markers on a leg; with 0 everybody shows two "
            "legs with all markers, else some show a single leg",
        ),
    ] = 0.0
    upright: Annotated[
        float, Field(ge=0, le=1, description="rearfoot: share of videos with width and height swapped")
    ] = 0.0
    variety: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="rearfoot: share of people with scars, share with other hair, share of floors that mirror the "
            "legs and their markers, and share of videos in HEVC, each on its own",
        ),
    ] = 0.0
    frame_step: Annotated[
        int,
        Field(
            ge=1,
            le=20,
            description="rearfoot: only every n-th frame of the camera is rendered, so that more people cost the same",
        ),
    ] = 1

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        low, high = self.legs
        if low > high:
            raise ValueError(f"legs {low:g} to {high:g} is the wrong way round")
        return self
