"""Settings of the networks of a backbone and fully connected heads."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.models.settings.backbones import BackboneSettings, ExtractorBackbone, StackBackbone, TimmBackbone
from pipeline.models.settings.base import ArchitectureSettings, too_deep
from pipeline.problem import Problem


class ConnectedSettings(ArchitectureSettings):
    """What they have in common."""

    backbone: BackboneSettings = StackBackbone()
    hidden: Annotated[int, Field(ge=1, description="width of a head's fully connected layer")] = 256
    dropout: Annotated[float, Field(ge=0, lt=1, description="in the heads, before their last layer")] = 0.1

    @property
    def imagenet(self) -> bool:
        """See `ArchitectureSettings.imagenet`."""
        return isinstance(self.backbone, ExtractorBackbone | TimmBackbone)

    def misfit(self, problem: Problem) -> str | None:
        """Why the network cannot be built for the problem, or nothing."""
        return too_deep(self.backbone.multiple, problem, self.backbone.shallower)


class RegressionSettings(ConnectedSettings):
    """A backbone and a fully connected head that says the keypoints' coordinates; no box."""

    network = "pipeline.models.connected:Regression"

    name: Literal["regression"]

    @property
    def heads(self) -> tuple[str, ...]:
        """See `ArchitectureSettings.heads`."""
        return ("keypoints",)


class LocalizationSettings(ConnectedSettings):
    """A backbone and a fully connected head that says the box; no keypoints."""

    network = "pipeline.models.connected:Localization"

    name: Literal["localization"]

    @property
    def heads(self) -> tuple[str, ...]:
        """See `ArchitectureSettings.heads`."""
        return ("box",)


class ClassifierSettings(ConnectedSettings):
    """A backbone and a head that says what the picture shows: a probability for each class."""

    network = "pipeline.models.classifier:Classifier"

    name: Literal["classifier"]
    hidden: Annotated[int, Field(ge=0, description="width of the fully connected layer before the last; 0: none")] = 64
    pool: Annotated[
        Literal["none", "average"],
        Field(description="what the head sees of the backbone's map: all of it, or each channel's average"),
    ] = "none"

    @property
    def heads(self) -> tuple[str, ...]:
        """See `ArchitectureSettings.heads`."""
        return ("class",)


class MultiHeadSettings(ConnectedSettings):
    """The published multi-headed network: one backbone, a box head and a keypoint head."""

    network = "pipeline.models.multihead:MultiHead"

    name: Literal["multihead"]
    crop: Annotated[
        Literal["none", "roi_align", "second_pass", "mask"],
        Field(
            description="what the keypoint head sees: all features; those in the predicted box, cut out and scaled; "
            "those of a second backbone that looks at the box cut out of the image; or all, zero outside the box"
        ),
    ] = "none"
    crop_margin: Annotated[float, Field(ge=0, le=1, description="added to the box on each side, share of it")] = 0.1
    separate: Annotated[bool, Field(description="a residual block of its own in each head")] = False

    @property
    def learns_after(self) -> dict[str, str]:
        """See `ArchitectureSettings.learns_after`; a crop is where the predicted box is."""
        return {} if self.crop == "none" else {"keypoints": "box"}
