"""The head of the spatial-configuration network.

Payer et al. 2019, "Integrating spatial configuration into heatmap regression based CNNs for landmark localization"
(Medical Image Analysis 54). Maps of local appearance, which may have several peaks, are multiplied by maps of plausible
positions of each landmark, given the local appearance of all of them.
"""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from pipeline.models.maps.heads import MapHead
from pipeline.models.settings import ConfigurationSettings


class ConfigurationHead(MapHead):
    """A head of local appearance times spatial configuration. The arguments are those of `MapHead`."""

    def make_where(self, channels: int, points: int, settings: ConfigurationSettings) -> nn.Module:  # type: ignore[override]
        """Make the product of local appearance and spatial configuration."""
        return _Product(channels, points, settings)


class _Product(nn.Module):
    """Local appearance times spatial configuration."""

    def __init__(self, channels: int, points: int, settings: ConfigurationSettings) -> None:
        super().__init__()
        self.shrink, kernel, width = settings.shrink, settings.kernel, settings.width
        self.local = nn.Conv2d(channels, points, 3, padding=1)
        layers: list[nn.Module] = []
        for inputs, outputs in ((points, width), (width, width), (width, width)):
            layers += [nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2), nn.LeakyReLU(0.1, inplace=True)]
        last = nn.Conv2d(width, points, kernel, padding=kernel // 2)
        assert last.bias is not None
        nn.init.ones_(last.bias)  # at first every position is plausible, so that appearance is learned first
        self.configuration = nn.Sequential(*layers, last, nn.Tanh())

    def forward(self, features: Float[Tensor, "N C rows columns"]) -> Float[Tensor, "N K rows columns"]:
        """Return the product at the features' resolution.

        The spatial configuration is computed at a coarser resolution, where a kernel covers the whole image.
        """
        local = self.local(features)
        where = self.configuration(functional.avg_pool2d(local, self.shrink))
        enlarged = functional.interpolate(where, scale_factor=float(self.shrink), mode="bilinear", align_corners=False)
        product: Tensor = local * enlarged
        return product
