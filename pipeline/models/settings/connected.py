"""Settings of the networks with a backbone and fully connected heads."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.models.settings.backbones import BackboneSettings, ExtractorBackbone, StackBackbone, TimmBackbone
from pipeline.models.settings.base import ArchitectureSettings, too_deep
from pipeline.problem import Problem


class ConnectedSettings(ArchitectureSettings):
    """Settings that these networks share."""

    backbone: BackboneSettings = StackBackbone()
    hidden: Annotated[int, Field(ge=1, description="width of a head's fully connected layer")] = 256
    dropout: Annotated[float, Field(ge=0, lt=1, description="in the heads, before their last layer")] = 0.1

    @property
    def imagenet(self) -> bool:
        """True for backbones with published weights."""
        return isinstance(self.backbone, ExtractorBackbone | TimmBackbone)

    def misfit(self, problem: Problem) -> str | None:
        """The reason why the network cannot be built for the problem, or `None`."""
        return too_deep(self.backbone.multiple, problem, self.backbone.shallower)


class RegressionSettings(ConnectedSettings):
    """A backbone and a fully connected head that predicts the keypoints' coordinates; no box."""

    network = "pipeline.models.connected:Regression"

    name: Literal["regression"]

    @property
    def heads(self) -> tuple[str, ...]:
        """Keypoints only."""
        return ("keypoints",)


class LocalizationSettings(ConnectedSettings):
    """A backbone and a fully connected head that predicts the box; no keypoints."""

    network = "pipeline.models.connected:Localization"

    name: Literal["localization"]

    @property
    def heads(self) -> tuple[str, ...]:
        """The box only."""
        return ("box",)


class ClassifierSettings(ConnectedSettings):
    """A backbone and a head that predicts a probability for each class."""

    network = "pipeline.models.classifier:Classifier"

    name: Literal["classifier"]
    hidden: Annotated[
        int, Field(ge=0, description="width of the fully connected layer before the last; 0: no such layer")
    ] = 64
    pool: Annotated[
        Literal["none", "average"],
        Field(description="input of the head: the backbone's whole map, or each channel's average"),
    ] = "none"

    @property
    def heads(self) -> tuple[str, ...]:
        """The class only."""
        return ("class",)


class MultiHeadSettings(ConnectedSettings):
    """The published multi-headed network: one backbone, a box head and a keypoint head."""

    network = "pipeline.models.multihead:MultiHead"

    name: Literal["multihead"]
    crop: Annotated[
        Literal["none", "roi_align", "second_pass", "mask"],
        Field(
            description="input of the keypoint head: all features; those in the predicted box, cropped and scaled; "
            "those of a second backbone on the box cropped from the image; or all, zero outside the box"
        ),
    ] = "none"
    crop_margin: Annotated[
        float, Field(ge=0, le=1, description="added to the box on each side, as a share of its size")
    ] = 0.1
    separate: Annotated[bool, Field(description="each head has a residual block of its own")] = False

    @property
    def learns_after(self) -> dict[str, str]:
        """Keypoints after the box, if their input is cropped to the predicted box."""
        return {} if self.crop == "none" else {"keypoints": "box"}
