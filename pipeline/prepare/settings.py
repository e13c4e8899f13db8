"""Settings of the prepare stage."""

from typing import Annotated

from pydantic import Field

from heelstrike.preprocess.settings import Filter, Mirror
from heelstrike.settings import Strict


class PrepareSettings(Strict):
    """Processing of each image before the network; a package carries these settings to the consumer.

    The filters are applied in their order, then the mirror, then scaling.
    """

    filters: Annotated[tuple[Filter, ...], Field(description="filters of each image, in order")] = ()
    mirror: Annotated[Mirror | None, Field(description="images to mirror; null: no image is mirrored")] = None
