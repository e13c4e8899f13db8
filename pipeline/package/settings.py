"""Settings of packaging."""

from typing import Annotated, Literal

from pydantic import Field

from heelstrike.preprocess.settings import Zoom
from heelstrike.settings import Strict


class DisturbedSettings(Strict):
    """The disturbed check: what the package answers on pictures that its network was never taught."""

    images: Annotated[
        int, Field(ge=1, description="test images, spread over the split; each is disturbed in every way")
    ]
    limit: Annotated[
        float, Field(gt=0, description="largest error of a value that is not wrong, in the measure's unit")
    ]
    seed: Annotated[int, Field(ge=0, lt=2**32, description="seed of places, colours and noise")] = 1


class ReferenceSettings(Strict):
    """The reference for `heelstrike monitor`: what the package makes of test people, as a record of each."""

    people: Annotated[
        int, Field(ge=1, le=1000, description="most test people; more of them show smaller drifts and take longer")
    ] = 60
    frames: Annotated[
        int, Field(ge=1, description="most frames of a video; about as many as consumers' videos have")
    ] = 300
    seed: Annotated[int, Field(ge=0, lt=2**32, description="draws one of the inputs of each person")] = 1


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
    disturbed: Annotated[
        DisturbedSettings | None,
        Field(description="show the package disturbed test images and foreign pictures; null: do not"),
    ] = None
    reference: Annotated[
        ReferenceSettings | None,
        Field(description="record the test people for `heelstrike monitor` (docs/monitor.md); null: do not"),
    ] = ReferenceSettings()
    quantise: Annotated[
        Literal["int8"] | None,
        Field(
            description="compute convolutions with integers of 8 bits, unless that changes a score of the validation "
            "split by more than a tenth of its interval (docs/speed.md); null: with floats"
        ),
    ] = None
    licence: Annotated[str, Field(description="licence of the weights, for the model card")] = "Apache-2.0"
