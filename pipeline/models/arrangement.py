"""The choice of a peak in each keypoint's map: the one that fits the positions of the other keypoints.

A pictorial structure (Felzenszwalb & Huttenlocher 2005, "Pictorial Structures for Object Recognition"): the energy of a
choice of peaks is their negative log-probability plus, for each pair, the squared Mahalanobis distance of their offset
from its mean in the training labels. The distance is limited, so that one wrong keypoint does not pull the others. The
energy is minimised by iterated conditional modes (Besag 1986), updating all keypoints at once.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

_PEAKS = 8
_ROUNDS = 3
_WEIGHT = 2.5  # weight of the mean cost over the other keypoints
_CUT = 6.0  # largest half squared Mahalanobis distance of a pair: 3.5 standard deviations
_PRIOR_PAIRS = 2.0  # number of pairs that the broad prior counts for
_ABSENT = -1e4


class Arrangement(nn.Module):
    """Offsets between keypoints, learned from labels, and the choice of peaks by these offsets.

    Before `learn` is called, and for pairs that are never labelled together, offsets have no influence and the highest
    peak is chosen.

    Args:
        points: Number of keypoints, K.
        spread: Prior standard deviation of an offset, in the same unit as the keypoints.
    """

    offset: Tensor
    precision: Tensor

    def __init__(self, points: int, spread: float) -> None:
        super().__init__()
        self.spread = spread
        self.register_buffer("offset", torch.zeros(points, points, 2))
        self.register_buffer("precision", torch.zeros(points, points, 2, 2))

    def learn(self, keypoints: Float[Tensor, "N K 2"], labelled: Bool[Tensor, "N K"]) -> None:
        """Learn mean and inverse covariance of the offset between each two keypoints.

        Args:
            keypoints: (x, y) in cells of the maps; any value where not labelled.
            labelled: True for labelled keypoints.
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
        """Return (column, row) of the chosen peak of each map of logits. `offset` is in the same cells."""
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

    def _cost(self, peaks: Float[Tensor, "N K P 2"], keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K P"]:
        """Return the cost of each peak, given the positions of all keypoints."""
        away = peaks[:, :, :, None] - keypoints[:, None, None] - self.offset[None, :, None]
        turned = (away[..., None, :] * self.precision[None, :, None]).sum(dim=-1)
        half_square = 0.5 * (turned * away).sum(dim=-1)
        return _WEIGHT * half_square.clamp_max(_CUT).sum(dim=-1) / max(self.offset.shape[0] - 1, 1)


def _at(peaks: Tensor, chosen: Int[Tensor, "N K"]) -> Tensor:
    """Return the chosen one of each keypoint's P peaks: (N, K, 2) of (N, K, P, 2)."""
    return peaks.gather(2, chosen[..., None, None].expand(-1, -1, 1, 2))[:, :, 0]
