"""Settings of the heads' losses."""

from typing import Annotated, Literal

from pydantic import Field

from heelstrike.settings import Strict
from pipeline.models.settings import ModelSettings


class LossSettings(Strict):
    """Which loss each head has (pipeline/heads/HEAD/losses.py); all but `codec` compare what is read out, in pixels."""

    keypoints: Annotated[
        Literal["codec", "mse", "rmse", "l1", "smooth_l1"],
        Field(description="codec: the network's own; the others need a read-out that can be differentiated"),
    ] = "codec"
    box: Annotated[
        Literal["codec", "mse", "rmse", "l1", "smooth_l1", "iou", "giou", "ciou"],
        Field(description="codec: smooth L1 of shares of the image; iou learns nothing where boxes do not overlap"),
    ] = "codec"

    def misfit(self, model: ModelSettings) -> str | None:
        """Why a network cannot be taught by these losses, or None."""
        for head, name in self.model_dump().items():
            if model.brings_losses and name != "codec":
                return f"train.losses.{head} is {name}, but {model.name!r} brings losses of its own; use codec"
        if self.keypoints != "codec" and not model.differentiable:
            return (
                f"train.losses.keypoints is {self.keypoints}, which cannot teach {model.name!r}: it reads its "
                "keypoints out of maps by their maximum, which has no slope; use codec, or a model with codec: dsnt or "
                "fully connected keypoints"
            )
        return None
