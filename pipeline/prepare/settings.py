"""Settings of the prepare stage."""

from typing import Annotated, Any

from pydantic import Field

from pipeline.problem import Strict


class Filter(Strict):
    """One image filter of pipeline/prepare/filters.py, applied at the image's own resolution."""

    name: str
    options: dict[str, Any] = {}


class PrepareSettings(Strict):
    """Filters in the order in which they are applied, before scaling; a package carries them to the consumer."""

    filters: Annotated[tuple[Filter, ...], Field(description="none by default")] = ()
