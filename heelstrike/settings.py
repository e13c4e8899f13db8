"""The base of every settings model."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """Base of every settings model: unknown keys are errors and values do not change after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True)
