"""Which peak of each keypoint's map is meant: the one that fits where the other keypoints were found.

A pictorial structure (Felzenszwalb & Huttenlocher 2005, "Pictorial Structures for Object Recognition"): the energy of a
choice of peaks is their negative log-probability plus, for each pair, the squared Mahalanobis distance of their offset
from its mean in the training labels. It is cut off, so that one keypoint that is wrong does not pull the others, and
made small by iterated conditional modes (Besag 1986), all keypoints at once.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

_PEAKS = 8
_ROUNDS = 3
_WEIGHT = 2.5  # of the mean over the other keypoints
_CUT = 6.0  # half squared Mahalanobis distance beyond which a pair costs no more: 3.5 deviations
_PRIOR_PAIRS = 2.0  # how many pairs the broad prior counts for
_ABSENT = -1e4


class Arrangement(nn.Module):
    """Offsets between keypoints, learned from labels, and the choice among peaks that they lead to.

    Before `learn` was called, and for pairs that were never labelled together, offsets say nothing and the highest peak
    is taken.

    Args:
        points: Number of keypoints, K.
        spread: Standard deviation of an offset where few labels tell, pixels.
    """

    offset: Tensor
    precision: Tensor

    def __init__(self, points: int, spread: float) -> None:
        super().__init__()
        self.spread = spread
        self.register_buffer("offset", torch.zeros(points, points, 2))
        self.register_buffer("precision", torch.zeros(points, points, 2, 2))

    def learn(self, keypoints: Float[Tensor, "N K 2"], labelled: Bool[Tensor, "N K"]) -> None:
        """Mean and inverse covariance of the offset between each two keypoints.

        Args:
            keypoints: (x, y) in input pixels; anything where not labelled.
            labelled: Which of them are.
        """
        points = torch.where(labelled[..., None], keypoints, 0).double()
        both = (labelled[:, :, None] & labelled[:, None]).double()[..., None]
        difference = points[:, :, None] - points[:, None]
        count = both.sum(dim=0)
        mean = (difference * both).sum(dim=0) / count.clamp_min(1)
        deviation = (difference - mean) * both
        scatter = torch.einsum("nabi,nabj->abij", deviation, deviation)
        broad = _PRIOR_PAIRS * self.spread**2 * torch.eye(2, dtype=torch.float64)
        precision = torch.linalg.inv((scatter + broad) / (count[..., None] + _PRIOR_PAIRS))
        known = (count[..., None] > 0) & ~torch.eye(len(mean), dtype=torch.bool)[..., None, None]
        self.offset.copy_(mean)
        self.precision.copy_(torch.where(known, precision, torch.zeros_like(precision)))

    def forward(self, maps: Float[Tensor, "N K rows columns"]) -> Int[Tensor, "N K 2"]:
        """(column, row) of the chosen peak of each map of logits; `offset` is in the same cells."""
        columns = maps.shape[3]
        log = torch.log_softmax(maps.flatten(2), dim=-1)
        highest = functional.max_pool2d(maps, 3, stride=1, padding=1)
        peaks = torch.where((maps == highest).flatten(2), log, torch.full_like(log, _ABSENT))
        value, index = peaks.topk(min(_PEAKS, peaks.shape[2]), dim=-1)
        cells = torch.stack([index % columns, torch.div(index, columns, rounding_mode="floor")], dim=-1)
        where, chosen = cells.to(value.dtype), value.argmax(dim=-1)
        for _ in range(_ROUNDS):
            chosen = (value - self._cost(where, _at(where, chosen))).argmax(dim=-1)
        return _at(cells, chosen)

    def _cost(self, peaks: Float[Tensor, "N K P 2"], others: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K P"]:
        """What each peak costs if the other keypoints are at `others`."""
        away = peaks[:, :, :, None] - others[:, None, None] - self.offset[None, :, None]
        turned = (away[..., None, :] * self.precision[None, :, None]).sum(dim=-1)
        half_square = 0.5 * (turned * away).sum(dim=-1)
        return _WEIGHT * half_square.clamp_max(_CUT).sum(dim=-1) / max(self.offset.shape[0] - 1, 1)


def _at(peaks: Tensor, chosen: Int[Tensor, "N K"]) -> Tensor:
    """(N, K, 2) of (N, K, P, 2), one of the P for each keypoint."""
    return peaks.gather(2, chosen[..., None, None].expand(-1, -1, 1, 2))[:, :, 0]
