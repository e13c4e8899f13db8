"""Settings whose `name` selects their class from a registry when they are read."""

from collections.abc import Mapping
from typing import Any, Union

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


class ByName:
    """Annotation of a field: an instance of one of the classes, or a mapping whose `name` is a key of the registry.

    It works like a discriminated union of the classes, but follows later changes of the registry.

    Args:
        registry: Classes by name.
    """

    def __init__(self, registry: Mapping[str, type[BaseModel]]) -> None:
        self._registry = registry

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        dump = core_schema.plain_serializer_function_ser_schema(_dumped, info_arg=True)
        return core_schema.no_info_plain_validator_function(self._validated, serialization=dump)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        union: Any = Union[tuple(self._registry.values())]  # noqa: UP007
        return handler(TypeAdapter(union).core_schema)

    def _validated(self, value: Any) -> BaseModel:
        if isinstance(value, BaseModel) and type(value) in self._registry.values():
            return value
        if not isinstance(value, Mapping) or "name" not in value:
            raise PydanticCustomError("no_name", "expected a mapping with a name")
        name = value["name"]
        if not isinstance(name, str) or name not in self._registry:
            known = ", ".join(sorted(self._registry))
            raise PydanticCustomError(
                "unknown_name", "there is no {name}; there are {known}", {"name": str(name)[:80], "known": known}
            )
        return self._registry[name].model_validate(value)


def _dumped(value: BaseModel, info: core_schema.SerializationInfo) -> dict[str, Any]:
    return value.model_dump(mode=info.mode)
