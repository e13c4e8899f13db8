"""Settings of the validate stage."""

from typing import Annotated, Any, Literal

from pydantic import Field

from pipeline.problem import Strict


class Expectation(Strict):
    """One expectation of the suite."""

    name: Annotated[str, Field(description="snake_case name of a class in pipeline/validate/expectations")]
    severity: Annotated[Literal["error", "warning"], Field(description="errors stop the pipeline")] = "error"
    options: Annotated[dict[str, Any], Field(description="arguments of the expectation")] = {}


class ValidateSettings(Strict):
    """The suite; every expectation that is not listed is not checked."""

    expectations: tuple[Expectation, ...] = ()
