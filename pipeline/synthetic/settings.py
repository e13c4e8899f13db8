"""Settings of a synthetic source."""

from typing import Annotated, Literal

from pydantic import Field

from heelstrike.settings import Strict


class SyntheticSource(Strict):
    """Rendered videos or pictures with exact labels (pipeline/synthetic)."""

    kind: Literal["synthetic"]
    generator: Annotated[str, Field(description="which generator of pipeline/synthetic")] = "rearfoot"
    subjects: Annotated[
        int, Field(ge=1, description="people with a video or pictures of each; of shapes and stick figures: pictures")
    ] = 90
    frames_per_subject: Annotated[
        int,
        Field(
            ge=1,
            description="labelled frames of a video, evenly spread; pictures of a person (scouts: three make an exam)",
        ),
    ] = 8
    width: Annotated[int, Field(ge=64, multiple_of=2, description="of a footprint the largest")] = 640
    height: Annotated[int, Field(ge=64, multiple_of=2, description="of a footprint the largest")] = 480
    seed: int = 1
