"""Settings of the validate stage."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from heelstrike.settings import Strict
from pipeline.problem import Problem
from pipeline.validate.check import Check
from pipeline.validate.expectations import EXPECTATIONS


class Expectation(Strict):
    """One expectation of the suite: its name, its severity and its options."""

    name: Annotated[
        str, Field(description="name of the expectation, a key of EXPECTATIONS in pipeline/validate/expectations")
    ]
    severity: Annotated[
        Literal["error", "warning"], Field(description="an error stops the pipeline, a warning is reported")
    ] = "error"
    options: Annotated[dict[str, Any], Field(description="options of the expectation, the fields of its class")] = {}

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.name not in EXPECTATIONS:
            raise ValueError(f"unknown expectation {self.name!r}; there are {', '.join(EXPECTATIONS)}")
        try:
            self.check()
        except ValidationError as error:
            raise ValueError("; ".join(_finding(self.name, e) for e in error.errors())) from None
        return self

    def check(self) -> Check:
        """Return the expectation with its options."""
        return EXPECTATIONS[self.name].model_validate(self.options)


def _finding(name: str, error: Any) -> str:
    path = ".".join(["options", *(str(part) for part in error["loc"])])
    if error["type"] == "extra_forbidden":
        return f"{path}: {name} has no such option; it has {', '.join(EXPECTATIONS[name].model_fields) or 'none'}"
    if error["type"] == "missing":
        return f"{path}: {name} needs this option"
    return f"{path}: {error['msg'].removeprefix('Value error, ')}, found {error['input']!r}"


class ValidateSettings(Strict):
    """The suite. Only the listed expectations are checked; `[]` checks nothing. The default suits any problem."""

    expectations: Annotated[tuple[Expectation, ...], Field(description="expectations to check, in order")] = (
        Expectation(name="images_readable"),
        Expectation(name="keypoints_in_image"),
        Expectation(name="keypoints_in_box"),
        Expectation(name="keypoints_apart", severity="warning"),
        Expectation(name="keypoints_labelled", severity="warning"),
        Expectation(name="segment_lengths", severity="warning"),
        Expectation(name="left_right_not_swapped", severity="warning"),
        Expectation(name="no_jumps", severity="warning"),
        Expectation(name="no_image_of_two_subjects", severity="warning"),
        Expectation(name="keypoints_identifiable", severity="warning"),
    )

    def check_names(self, problem: Problem) -> None:
        """Refuse expectations whose options name a keypoint that the problem does not have.

        Raises:
            ValueError: An option names an unknown keypoint; the message names expectation, option and keypoint.
        """
        for number, expectation in enumerate(self.expectations):
            try:
                expectation.check().check_names(problem)
            except ValueError as error:
                raise ValueError(f"validate.expectations.{number} ({expectation.name}): {error}") from None
