"""The base of every settings model."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

_MIXED = PydanticCustomError("mixed_boolean", "true and false are no numbers, and nothing else means true or false")


class Strict(BaseModel):
    """Base of every settings model.

    Unknown keys are errors, values do not change after validation, and numbers are finite. true and false are no
    numbers, and numbers and words such as `yes` do not mean true or false.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _no_mixed_booleans(cls, data: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        settings = validate(data)
        if isinstance(data, Mapping):
            fields = {field.alias or name: name for name, field in cls.model_fields.items()}
            errors = [
                InitErrorDetails(type=_MIXED, loc=(key,), input=data[key])
                for key, name in fields.items()
                if key in data and _is_mixed(data[key], getattr(settings, name))
            ]
            if errors:
                raise ValidationError.from_exception_data(cls.__name__, errors)
        return settings


def _is_mixed(value: Any, result: Any) -> bool:
    """Return True if a boolean was made of something else, or something else of a boolean."""
    if isinstance(value, bool) or isinstance(result, bool):
        return type(value) is not type(result)
    if isinstance(value, list | tuple) and isinstance(result, list | tuple) and len(value) == len(result):
        return any(map(_is_mixed, value, result))
    if isinstance(value, Mapping) and isinstance(result, Mapping):
        return any(_is_mixed(value[key], result[key]) for key in value.keys() & result.keys())
    return False
