"""Settings of a synthetic source."""

from typing import Annotated, Literal

from pydantic import Field

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
    seed: Annotated[int, Field(ge=0, description="seed of everything that is drawn")] = 1
