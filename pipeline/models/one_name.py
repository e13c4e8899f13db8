"""One name for each marker: which of several keypoints that are predicted at one place is there."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

_GONE = -1e4  # logit of a keypoint whose place another one has
_LIMIT = 4.0  # a logit counts up to this in the choice of a side, so that no single keypoint decides


def one_name(
    logits: Float[Tensor, "N K"], keypoints: Float[Tensor, "N K 2"], sides: list[tuple[int, int]], apart: float
) -> Float[Tensor, "N K"]:
    """Change the logits of being there so that of keypoints at one place one alone is left.

    Where a single side is in view, the two keypoints of a pair are often predicted at the same place, and which of them
    is surer changes from pair to pair. Then one side is chosen for all such pairs together, by the sum of the
    differences of the logits over these pairs and those of which only one is there, and the keypoint of that side gets
    the larger logit. It is done only where no pair is present at two places. Every other keypoint at one place with a
    surer one is not there.

    Args:
        logits: Logits of being there.
        keypoints: Predicted places, input pixels.
        sides: Pairs of indices of keypoints that a mirrored image exchanges; the first ones are of one side.
        apart: Distance below which two keypoints are at one place, input pixels.
    """
    near = torch.linalg.vector_norm(keypoints[:, :, None] - keypoints[:, None], dim=-1) < apart
    logits = logits.float()
    if len(sides) > 1:
        logits = _one_side(logits, near, sides)
    beaten = (near & (logits[:, None] > logits[:, :, None])).any(dim=-1)
    return torch.where(beaten, torch.full_like(logits, _GONE), logits)


def _one_side(
    logits: Float[Tensor, "N K"], near: Bool[Tensor, "N K K"], sides: list[tuple[int, int]]
) -> Float[Tensor, "N K"]:
    """Return logits in which pairs at one place are all of the same side, if no pair is present at two places."""
    first, second = [a for a, _ in sides], [b for _, b in sides]
    one, other = logits[:, first], logits[:, second]
    together = near[:, first, second]
    two_places = (~together & (one > 0) & (other > 0)).any(dim=1, keepdim=True)
    votes = together | ((one > 0) != (other > 0))
    change = together & ~two_places & (votes.sum(dim=1, keepdim=True) > 1)
    difference = one.clamp(-_LIMIT, _LIMIT) - other.clamp(-_LIMIT, _LIMIT)
    left = (difference * votes).sum(dim=1, keepdim=True) >= 0
    larger = torch.maximum(one, other)
    gone = torch.full_like(one, _GONE)
    changed = logits.clone()
    changed[:, first] = torch.where(change, torch.where(left, larger, gone), one)
    changed[:, second] = torch.where(change, torch.where(left, gone, larger), other)
    return changed
