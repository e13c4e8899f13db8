"""Networks of a backbone and one fully connected head, for keypoints or the box."""

from jaxtyping import Float
from torch import Tensor

from pipeline.models.backbones import build_backbone
from pipeline.models.blocks import normalised
from pipeline.models.codecs import Coordinates, Grid
from pipeline.models.heads import BoxHead, KeypointHead
from pipeline.models.network import KeypointNetwork
from pipeline.models.settings import LocalizationSettings, MultiHeadSettings, RegressionSettings
from pipeline.problem import Problem


class Connected(KeypointNetwork):
    """Base of the networks with a backbone and fully connected heads. A subclass adds the heads."""

    def __init__(
        self, problem: Problem, settings: LocalizationSettings | MultiHeadSettings | RegressionSettings
    ) -> None:
        size = problem.input
        super().__init__(problem, settings, Coordinates(Grid(size.width, size.height)))
        self.backbone = build_backbone(settings.backbone, size.channels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns of the backbone's map."""
        size, multiple = self.problem.input, self.backbone.multiple
        return self.backbone.channels, -(-size.height // multiple), -(-size.width // multiple)

    def images(self, pixels: Tensor) -> Float[Tensor, "N C H W"]:
        """Convert pixels to the backbone's input."""
        return normalised(pixels, self.backbone.multiple)


class Regression(Connected):
    """The published keypoint network: coordinates directly from the features."""

    def __init__(self, problem: Problem, settings: RegressionSettings) -> None:
        super().__init__(problem, settings)
        self.keypoint_head = KeypointHead(self.shape, len(problem.keypoints), settings.hidden, settings.dropout)
        self.heads = {"keypoints": [self.keypoint_head]}

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Return the raw outputs of the keypoint head."""
        raw: dict[str, Tensor] = self.keypoint_head(self.backbone(self.images(pixels)))
        return raw


class Localization(Connected):
    """The published localization network: the box directly from the features."""

    def __init__(self, problem: Problem, settings: LocalizationSettings) -> None:
        super().__init__(problem, settings)
        self.box_head = BoxHead(self.shape, settings.hidden, settings.dropout)
        self.heads = {"box": [self.box_head]}

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Return the raw output of the box head."""
        raw: dict[str, Tensor] = self.box_head(self.backbone(self.images(pixels)))
        return raw
