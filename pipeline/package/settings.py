"""Settings of packaging."""

from typing import Annotated

from pydantic import Field

from pipeline.problem import Strict


class PackageSettings(Strict):
    """What a package must satisfy before it is written, and what its card says."""

    parity_px: Annotated[float, Field(gt=0, description="largest keypoint difference between ONNX and torch")] = 0.01
    confidence: Annotated[
        float, Field(ge=0, le=1, description="keypoints below this confidence count as missing to the consumer")
    ] = 0.5
    licence: Annotated[str, Field(description="licence of the weights, for the model card")] = "Apache-2.0"
