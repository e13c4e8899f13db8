"""Heads from a feature map to the input of a codec and the visibility of each keypoint."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pipeline.models.codecs import Codec, Heatmap, Simcc
from pipeline.models.settings import MapSettings

_SHARPNESS = 20.0  # factor of heatmaps before softmax: values in 0..1 alone would give no peak
_EDGE = 1e-4  # smallest distance of a confidence from 0 and 1, so that its logit is finite


class MapHead(nn.Module):
    """A 1x1 convolution, and with SimCC a fully connected layer from each keypoint's map to its bins.

    Visibility is either the mean of a second map of evidence, weighted by the distribution of the first map, or the
    confidence of the first map, as `settings.confidence` says. Either way, learning visibility never moves a keypoint.

    Args:
        channels: Number of channels of the features.
        points: Number of keypoints, K.
        codec: Codec that reads the maps.
        settings: Settings of the network.
    """

    def __init__(self, channels: int, points: int, codec: Codec, settings: MapSettings) -> None:
        super().__init__()
        self.codec = codec
        self.where = self.make_where(channels, points, settings)
        self.evidence = nn.Conv2d(channels, points, 1) if settings.confidence == "visibility" else None
        self.bins: nn.Linear | None = None
        if isinstance(codec, Simcc):
            self.bins = nn.Linear(codec.grid.rows * codec.grid.columns, sum(codec.bins))

    def make_where(self, channels: int, points: int, settings: MapSettings) -> nn.Module:
        """Make the layer from features to one map for each keypoint."""
        return nn.Conv2d(channels, points, 1)

    def forward(self, features: Float[Tensor, "N C rows columns"]) -> dict[str, Tensor]:
        """Return `keypoints`, the codec's input, and `presence` (N, K), the logits of visibility."""
        maps = self.where(features).float()
        raw = maps if self.bins is None else self.bins(maps.flatten(2))
        return {"keypoints": raw, "presence": self._presence(features, maps, raw)}

    def _presence(self, features: Tensor, maps: Tensor, raw: Tensor) -> Float[Tensor, "N K"]:
        if self.evidence is None:
            return torch.logit(self.codec.confidence(raw.detach()).clamp(_EDGE, 1 - _EDGE))
        sharpness = _SHARPNESS if isinstance(self.codec, Heatmap) else 1.0
        weights = torch.softmax(sharpness * maps.detach().flatten(2), dim=-1)
        return (weights * self.evidence(features).float().flatten(2)).sum(dim=-1)
