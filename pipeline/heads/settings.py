"""Settings of the heads' losses."""

from typing import Annotated, Literal

from pydantic import Field

from heelstrike.settings import Strict
from pipeline.models.settings import ModelSettings


class LossSettings(Strict):
    """The loss of each head (pipeline/heads/losses.py). All but `codec` compare decoded predictions, in pixels."""

    keypoints: Annotated[
        Literal["codec", "mse", "rmse", "l1", "smooth_l1"],
        Field(description="codec: the network's own loss; the others need a differentiable decoding"),
    ] = "codec"
    box: Annotated[
        Literal["codec", "mse", "rmse", "l1", "smooth_l1", "iou", "giou", "ciou"],
        Field(
            description="codec: smooth L1 in units of the image's size; iou has no gradient where boxes do not overlap"
        ),
    ] = "codec"

    def misfit(self, model: ModelSettings) -> str | None:
        """Return the reason why a network cannot be trained with these losses, or `None` if it can."""
        for head, name in self.model_dump().items():
            if model.brings_losses and name != "codec":
                return f"train.losses.{head} is {name}, but {model.name!r} has losses of its own; use codec"
        if self.keypoints != "codec" and not model.differentiable:
            return (
                f"train.losses.keypoints is {self.keypoints}, which cannot train {model.name!r}: its keypoints are the "
                "maxima of maps, which have no gradient; use codec, or a model with codec: dsnt or fully connected "
                "keypoints"
            )
        return None
