"""Settings of the gates: what a challenger must show before it becomes champion."""

from typing import Annotated, Literal

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
    compare_on: Annotated[
        Literal["error", "measurement"],
        Field(description="what challenger and champion are compared on: the first head's error, or the measurement's"),
    ] = "error"
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
        float,
        Field(
            gt=0.5,
            lt=1,
            description="confidence that of all candidates that the same test people ever judge none is promoted "
            "without being better; each comparison needs more (docs/promotion.md)",
        ),
    ] = 0.95
    screen: Annotated[
        float | None,
        Field(
            ge=0.5,
            lt=1,
            description="least confidence on the validation split before the test split is used; null: always use it",
        ),
    ] = 0.9
    slice_margin: Annotated[
        float | None,
        Field(
            gt=0,
            description="by how much the mean error of a slice's people may grow, in the unit of what is compared; "
            "null: a quarter of the champion's mean error over all people",
        ),
    ] = None
    min_slice_people: Annotated[
        int, Field(ge=3, description="slices with fewer people are reported as too small to be judged")
    ] = 4
    max_latency_ms: Annotated[float | None, Field(gt=0, description="largest median time of one image on the CPU")] = (
        None
    )
    approval: Annotated[
        Literal["required"] | None,
        Field(
            description="`required`: a candidate that passed every gate waits for `heelstrike approve`; null: none does"
        ),
    ] = None
    approvers: Annotated[int, Field(ge=1, description="number of different people who have to approve")] = 1
    four_eyes: Annotated[
        bool, Field(description="true: whoever started the retrain cannot be one of those who approve")
    ] = False
    withdrawn: Annotated[
        Literal["now", "next_retrain"],
        Field(
            description="what becomes of a champion that learned from a person who withdrew (`heelstrike forget`): "
            "`now`: the newest champion before it that did not, or none, takes its place; `next_retrain`: the next "
            "candidate takes it without having to be better"
        ),
    ] = "next_retrain"
    notify: Annotated[
        str | None,
        Field(
            pattern="^[A-Za-z_][A-Za-z0-9_]*$",
            description="environment variable with the addresses (of apprise) that are told when a candidate waits, is "
            "promoted or is refused; the variable with _FILE after its name names a file of them. null: nobody is told",
        ),
    ] = None
