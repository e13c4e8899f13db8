"""The losses of the heads by their name in `train.losses`; points without a label are left out.

`codec` is the loss of the network's own output encoding (pipeline/models/codecs). All others compare decoded
predictions in input pixels: coordinates of labelled keypoints; x, y, width and height of boxes, or their corners.
To add a loss, add a function here and its name in settings.py.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional
from torchvision.ops import box_convert, box_iou, complete_box_iou_loss, generalized_box_iou_loss

from pipeline.heads.arrays import Batch
from pipeline.models.network import KeypointNetwork

_TINY = 1e-12  # square pixels: the gradient of a square root is infinite at 0

# predicted (M, D), expected (M, D), mask (M,) of the known rows -> mean over these, 0 if there are none
Coordinates = Callable[[Tensor, Tensor, Tensor], Tensor]
HeadLoss = Callable[[KeypointNetwork, dict[str, Tensor], Batch], Tensor]


def mse(
    predicted: Float[Tensor, "M D"], expected: Float[Tensor, "M D"], known: Bool[Tensor, " M"]
) -> Float[Tensor, ""]:
    """Mean squared error, square pixels."""
    return _mean(functional.mse_loss(predicted, expected, reduction="none"), known)


def rmse(
    predicted: Float[Tensor, "M D"], expected: Float[Tensor, "M D"], known: Bool[Tensor, " M"]
) -> Float[Tensor, ""]:
    """Root of the mean squared error of the batch, pixels."""
    return torch.sqrt(mse(predicted, expected, known).clamp_min(_TINY))


def l1(predicted: Float[Tensor, "M D"], expected: Float[Tensor, "M D"], known: Bool[Tensor, " M"]) -> Float[Tensor, ""]:
    """Mean absolute error, pixels."""
    return _mean(functional.l1_loss(predicted, expected, reduction="none"), known)


def smooth_l1(
    predicted: Float[Tensor, "M D"], expected: Float[Tensor, "M D"], known: Bool[Tensor, " M"]
) -> Float[Tensor, ""]:
    """Half the squared error below one pixel, the absolute error less a half above."""
    return _mean(functional.smooth_l1_loss(predicted, expected, reduction="none"), known)


def _mean(errors: Float[Tensor, "M D"], known: Bool[Tensor, " M"]) -> Float[Tensor, ""]:
    return (errors * known[:, None]).sum() / (known.sum() * errors.shape[1]).clamp_min(1)


COORDINATE_LOSSES: dict[str, Coordinates] = {"mse": mse, "rmse": rmse, "l1": l1, "smooth_l1": smooth_l1}


def _iou_loss(predicted: Float[Tensor, "N 4"], expected: Float[Tensor, "N 4"]) -> Float[Tensor, " N"]:
    """1 - IoU of boxes given as corners; the gradient is 0 where they do not overlap."""
    return 1 - torch.diagonal(box_iou(predicted, expected))


OVERLAP_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "iou": _iou_loss,
    "giou": generalized_box_iou_loss,
    "ciou": complete_box_iou_loss,
}


def _codec_of_points(network: KeypointNetwork, raw: dict[str, Tensor], batch: Batch) -> Float[Tensor, ""]:
    labelled = (batch.visibility > 0).float()
    points = network.keypoint_loss(raw, batch.keypoints)
    return (points * labelled).sum() / labelled.sum().clamp_min(1)


def _codec_of_boxes(network: KeypointNetwork, raw: dict[str, Tensor], batch: Batch) -> Float[Tensor, ""]:
    return network.box_codec.loss(raw["box"], batch.boxes).mean()


def _of_points(loss: Coordinates) -> HeadLoss:
    def head_loss(network: KeypointNetwork, raw: dict[str, Tensor], batch: Batch) -> Tensor:
        # in half precision a coordinate near 256 has a resolution of whole pixels
        predicted = network.read_points({name: value.float() for name, value in raw.items()})
        return loss(predicted.flatten(0, 1), batch.keypoints.flatten(0, 1), (batch.visibility > 0).flatten())

    return head_loss


def _of_boxes(loss: Coordinates) -> HeadLoss:
    def head_loss(network: KeypointNetwork, raw: dict[str, Tensor], batch: Batch) -> Tensor:
        return loss(network.box_codec.decode(raw["box"]), batch.boxes, _has_box(batch))

    return head_loss


def _of_overlap(loss: Callable[[Tensor, Tensor], Tensor]) -> HeadLoss:
    def head_loss(network: KeypointNetwork, raw: dict[str, Tensor], batch: Batch) -> Tensor:
        known = _has_box(batch)
        # the overlap with a box without area is NaN, and NaN times 0 is NaN, so such boxes are replaced
        expected = torch.where(known[:, None], batch.boxes, torch.ones_like(batch.boxes))
        corners = [box_convert(b, "xywh", "xyxy") for b in (network.box_codec.decode(raw["box"]), expected)]
        return _mean(loss(*corners)[:, None], known)

    return head_loss


def _has_box(batch: Batch) -> Bool[Tensor, " N"]:
    """True for images with a box; an image without any label has a box without area."""
    return (batch.boxes[:, 2:] > 0).all(dim=1)


HEAD_LOSSES: dict[str, dict[str, HeadLoss]] = {
    "keypoints": {"codec": _codec_of_points} | {name: _of_points(loss) for name, loss in COORDINATE_LOSSES.items()},
    "box": {"codec": _codec_of_boxes}
    | {name: _of_boxes(loss) for name, loss in COORDINATE_LOSSES.items()}
    | {name: _of_overlap(loss) for name, loss in OVERLAP_LOSSES.items()},
}
"""Losses by head and name."""
