"""Settings of the gates: what a challenger must show before it becomes champion."""

from typing import Annotated

from pydantic import Field

from heelstrike.settings import Strict


class GateSettings(Strict):
    """Every gate must pass. Errors are those of the packages on the current test split."""

    max_warnings: Annotated[
        int | None, Field(ge=0, description="largest number of validation warnings; null: any number")
    ] = None
    max_error: Annotated[
        float | None,
        Field(
            gt=0,
            description="largest error of the model's first head, in the unit of its error metric (docs/registry.md)",
        ),
    ] = None
    max_measure_error: Annotated[
        float | None,
        Field(gt=0, description="largest median error of the measurement, in the measure's own unit"),
    ] = None
    max_disturbed_off: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="largest share of measured disturbed pictures with a wrong value that its half-width does not "
            "cover; needs package.disturbed",
        ),
    ] = 0.02
    confidence: Annotated[
        float, Field(gt=0.5, lt=1, description="least confidence of the paired bootstrap that the challenger is better")
    ] = 0.95
    max_slice_ratio: Annotated[float, Field(ge=1, description="largest ratio of a slice's error to the champion's")] = (
        1.25
    )
    min_slice_images: Annotated[int, Field(ge=1, description="slices with fewer images are reported, not gated")] = 10
    max_latency_ms: Annotated[float | None, Field(gt=0, description="largest median time of one image on the CPU")] = (
        None
    )
