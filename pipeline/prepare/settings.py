"""Settings of the prepare stage."""

from typing import Annotated

from pydantic import Field

from heelstrike.preprocess.settings import Filter, Mirror
from heelstrike.settings import Strict


class PrepareSettings(Strict):
    """What is done to each image; a package carries it to the consumer.

    Filters in the order in which they are applied, then the mirror, then scaling.
    """

    filters: Annotated[tuple[Filter, ...], Field(description="none by default")] = ()
    mirror: Annotated[Mirror | None, Field(description="none: every image as it is")] = None
