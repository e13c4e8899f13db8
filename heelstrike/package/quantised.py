"""How much of a package's graph is computed with integers, and what that changes."""

from typing import Annotated

from pydantic import Field

from heelstrike.settings import Strict


class Quantised(Strict):
    """A graph with integers, against the same graph without.

    Scores are named as in metrics.json, for instance `keypoints/rmse_px`, and computed on the validation split.
    """

    arithmetic: Annotated[str, Field(min_length=1, description="`int8`; a later version may have others")]
    images: Annotated[int, Field(ge=1, description="validation images from which the range of every value was taken")]
    changes: Annotated[dict[str, float], Field(description="change of each head's score by the integers")]
    allowed: Annotated[dict[str, float], Field(description="largest change of each score that was accepted")]
