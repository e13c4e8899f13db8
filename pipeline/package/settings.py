"""Settings of packaging."""

from typing import Annotated

from pydantic import Field

from heelstrike.preprocess.settings import Zoom
from heelstrike.settings import Strict


class PackageSettings(Strict):
    """What a package must satisfy before it is written, and what its card states."""

    parity_px: Annotated[float, Field(gt=0, description="largest keypoint difference between ONNX and torch")] = 0.01
    confidence: Annotated[
        float, Field(ge=0, le=1, description="keypoints below this confidence count as missing to the consumer")
    ] = 0.5
    max_radius_px: Annotated[
        float | None,
        Field(
            gt=0, description="a frame is not reliable where a keypoint may be off by more image pixels; null: no limit"
        ),
    ] = None
    zoom: Annotated[
        Zoom | None,
        Field(description="look for the keypoints at every size and place; null: give the network the whole image"),
    ] = None
    licence: Annotated[str, Field(description="licence of the weights, for the model card")] = "Apache-2.0"
