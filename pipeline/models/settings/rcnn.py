"""Settings of Keypoint R-CNN."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.models.settings.base import ArchitectureSettings, too_deep
from pipeline.problem import Problem


class KeypointRcnnSettings(ArchitectureSettings):
    """torchvision's Keypoint R-CNN: proposals on a feature pyramid, a box and keypoint maps for the best of them.

    It has 59 million parameters and needs seconds of CPU for an image. It has its own losses, of similar size: set
    `train.box_weight` to 1. Anchors range from a sixteenth of the input's longer side to all of it.
    """

    network = "pipeline.models.keypoint_rcnn:KeypointRcnn"

    name: Literal["keypoint_rcnn"]
    pretrained: Annotated[
        Literal["none", "imagenet", "coco"],
        Field(description="start from ImageNet's backbone or COCO's whole network, which must lie in torch's cache"),
    ] = "none"
    trainable_layers: Annotated[
        int,
        Field(
            ge=0,
            le=5,
            description="number of last stages of a pretrained backbone that are trained; without pretraining all are",
        ),
    ] = 3
    resnet: Annotated[Literal[18, 34, 50], Field(description="layers of the backbone, a ResNet")] = 50
    width: Annotated[int, Field(ge=4, description="channels of the feature pyramid")] = 256
    hidden: Annotated[int, Field(ge=1, description="width of the box head's two layers")] = 1024
    keypoint_width: Annotated[int, Field(ge=4, description="channels of the keypoint head")] = 512
    keypoint_layers: Annotated[int, Field(ge=1, description="convolutions of the keypoint head")] = 8
    proposals: Annotated[
        int, Field(ge=1, description="number of proposals with the highest scores that are used in each image")
    ] = 128

    @model_validator(mode="after")
    def _coco_is_of_one_size(self) -> Self:
        published = {"resnet": 50, "width": 256, "hidden": 1024, "keypoint_width": 512, "keypoint_layers": 8}
        if self.pretrained == "coco":
            for name, value in published.items():
                if getattr(self, name) != value:
                    raise ValueError(f"COCO's weights are of a network with {name} {value}, not {getattr(self, name)}")
        return self

    @property
    def brings_losses(self) -> bool:
        """True: torchvision's model computes its losses."""
        return True

    def misfit(self, problem: Problem) -> str | None:
        """The reason why the network cannot be built for the problem, or `None`."""
        return too_deep(32, problem, "a larger problem.input")
