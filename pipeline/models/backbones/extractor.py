"""Feature extraction by torchvision's ResNet and MobileNet."""

from collections.abc import Callable

import torch
import torchvision
from jaxtyping import Float
from torch import Tensor, nn

from pipeline.models.backbones.base import Backbone
from pipeline.models.settings import ExtractorBackbone
from pipeline.models.weights import cached_weights

_PIXELS = 63.75  # gray levels of one unit of `normalised`
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, for RGB in 0..1


def _resnet(classifier: nn.Module) -> nn.Sequential:
    """Return all layers except pooling and the fully connected layer."""
    return nn.Sequential(*list(classifier.children())[:-2])


def _mobilenet(classifier: nn.Module) -> nn.Sequential:
    features = classifier.features
    assert isinstance(features, nn.Sequential)
    return features


# name in torchvision -> function that returns the convolutions, and number of channels of their last map
EXTRACTORS: dict[str, tuple[Callable[[nn.Module], nn.Sequential], int]] = {
    "resnet18": (_resnet, 512),
    "resnet34": (_resnet, 512),
    "resnet50": (_resnet, 2048),
    "mobilenet_v2": (_mobilenet, 1280),
    "mobilenet_v3_small": (_mobilenet, 576),
    "mobilenet_v3_large": (_mobilenet, 960),
}


class Extractor(Backbone):
    """The convolutions of a classifier. Their input is RGB in ImageNet's normalisation, as the weights expect."""

    def __init__(self, settings: ExtractorBackbone, inputs: int) -> None:
        convolutions, channels = EXTRACTORS[settings.name]
        super().__init__(channels, settings.multiple)
        self.settings = settings
        self.layers = convolutions(torchvision.models.get_model(settings.name, weights=None))

    def forward(self, images: Float[Tensor, "N C H W"]) -> Float[Tensor, "N channels rows columns"]:
        """Return the last feature map."""
        features: Tensor = self.layers(as_imagenet(images))
        return features

    def load_imagenet(self) -> list[nn.Module]:
        """Load torchvision's ImageNet weights into all layers."""
        name = self.settings.name
        from_scratch = "or set `train.init_from: null` to train from scratch"
        published = torchvision.models.get_model_weights(name).DEFAULT
        weights = cached_weights(published, "train.init_from", name, from_scratch)
        classifier = torchvision.models.get_model(name, weights=None)
        classifier.load_state_dict(weights)
        self.layers.load_state_dict(EXTRACTORS[name][0](classifier).state_dict())
        return [self.layers]


def as_imagenet(images: Float[Tensor, "N C H W"]) -> Float[Tensor, "N 3 H W"]:
    """Convert images from `normalised` to ImageNet's normalisation; gray becomes RGB."""
    mean, deviation = (images.new_tensor(values)[:, None, None] for values in (_MEAN, _DEVIATION))
    shares = (images.expand(-1, 3, -1, -1) + 2) * (_PIXELS / 255)
    return torch.div(shares - mean, deviation)
