"""The loss of each head, missing points left out."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from pipeline.models.network import KeypointNetwork
from pipeline.train.data import Batch

VISIBLE = 2
_HEAD_OF = {"presence": "keypoints"}  # what is learned with a head of another name


def head_losses(
    network: KeypointNetwork, raw: dict[str, Tensor], batch: Batch, heads: tuple[str, ...]
) -> dict[str, Float[Tensor, ""]]:
    """Losses of the heads that learn.

    Args:
        network: Whose codecs compare output and labels.
        raw: Its raw outputs.
        batch: Images and labels.
        heads: `box`, `keypoints` or both.

    Returns:
        `box`: mean over images. `keypoints`: mean over labelled points (hidden ones too), 0 where there is none.
        `presence`: binary cross-entropy of a point being visible, mean over all points.
    """
    own = network.own_losses(raw, batch.keypoints, batch.visibility, batch.boxes)
    if own:
        return {name: loss for name, loss in own.items() if _HEAD_OF.get(name, name) in heads}
    losses = {}
    if "keypoints" in heads:
        labelled = (batch.visibility > 0).float()
        points = network.keypoint_loss(raw, batch.keypoints)
        losses["keypoints"] = (points * labelled).sum() / labelled.sum().clamp_min(1)
        visible = (batch.visibility == VISIBLE).float()
        losses["presence"] = functional.binary_cross_entropy_with_logits(raw["presence"].float(), visible)
    if "box" in heads:
        losses["box"] = network.box_codec.loss(raw["box"], batch.boxes).mean()
    return losses


def total_loss(losses: dict[str, Tensor], box_weight: float, presence_weight: float) -> Float[Tensor, ""]:
    """Weighted sum; a head that learns alone has nothing to be weighed against, so its weight is 1."""
    if set(losses) == {"box"}:
        return losses["box"]
    weights = {"keypoints": 1.0, "presence": presence_weight, "box": box_weight}
    return torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()
