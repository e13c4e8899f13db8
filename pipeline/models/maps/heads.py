"""From a map of features to what a codec takes, and to the presence of each keypoint."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pipeline.models.codecs import Codec, Heatmap, Simcc
from pipeline.models.settings import MapSettings

_SHARPNESS = 20.0  # heatmaps lie in 0..1, which makes no distribution with a peak
_EDGE = 1e-4  # confidences closer to 0 and 1 have no logit


class MapHead(nn.Module):
    """A 1x1 convolution; with SimCC a fully connected layer from each keypoint's map to its bins.

    Presence is read where the map says the keypoint is: a second map of evidence, averaged with the first one's
    distribution as weights, or how sure the first one is, as settings say. Either way learning what is present never
    moves a keypoint.

    Args:
        channels: Of the features.
        points: Number of keypoints, K.
        codec: What reads the maps.
        settings: Of the network.
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
        """Features to one map for each keypoint."""
        return nn.Conv2d(channels, points, 1)

    def forward(self, features: Float[Tensor, "N C rows columns"]) -> dict[str, Tensor]:
        """`keypoints` and `presence`, see `KeypointNetwork.forward`."""
        maps = self.where(features).float()
        raw = maps if self.bins is None else self.bins(maps.flatten(2))
        return {"keypoints": raw, "presence": self._presence(features, maps, raw)}

    def _presence(self, features: Tensor, maps: Tensor, raw: Tensor) -> Float[Tensor, "N K"]:
        if self.evidence is None:
            return torch.logit(self.codec.confidence(raw.detach()).clamp(_EDGE, 1 - _EDGE))
        sharpness = _SHARPNESS if isinstance(self.codec, Heatmap) else 1.0
        weights = torch.softmax(sharpness * maps.detach().flatten(2), dim=-1)
        return (weights * self.evidence(features).float().flatten(2)).sum(dim=-1)
