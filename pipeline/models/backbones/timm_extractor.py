"""Feature extraction with any convolutional encoder of timm."""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

import pipeline.quiet  # noqa: F401  # before anything asks Hugging Face for weights
from heelstrike.errors import UserError
from pipeline.models.backbones.base import Backbone
from pipeline.models.backbones.extractor import as_imagenet
from pipeline.models.settings import TimmBackbone
from pipeline.models.weights import from_hugging_face


class TimmExtractor(Backbone):
    """The last map of an encoder. Its input is RGB in ImageNet's normalisation, as the weights expect."""

    def __init__(self, settings: TimmBackbone, inputs: int) -> None:
        encoder = _make(settings, pretrained=False)
        cell = encoder.feature_info.reduction()[-1]
        if cell != settings.multiple:
            raise UserError(
                f"model.backbone.multiple is {settings.multiple}, but a cell of {settings.encoder}'s last map covers "
                f"{cell} px; set it to that"
            )
        super().__init__(encoder.feature_info.channels()[-1], settings.multiple)
        self.settings, self.encoder = settings, encoder

    def forward(self, images: Float[Tensor, "N C H W"]) -> Float[Tensor, "N channels rows columns"]:
        """Return the encoder's last feature map."""
        features: Tensor = self.encoder(as_imagenet(images))[-1]
        return features

    def load_imagenet(self) -> list[nn.Module]:
        """Load timm's pretrained weights of the encoder."""
        with from_hugging_face(self.settings.encoder):
            self.encoder.load_state_dict(_make(self.settings, pretrained=True).state_dict())
        return [self.encoder]


def _make(settings: TimmBackbone, pretrained: bool) -> Any:
    # imported here, because the import takes seconds and other networks do not need it
    import timm

    try:
        return timm.create_model(settings.encoder, pretrained=pretrained, features_only=True, out_indices=(-1,))
    except (RuntimeError, AttributeError, AssertionError, TypeError) as error:
        raise UserError(
            f"model.backbone.encoder: {settings.encoder!r} is no encoder of timm that gives maps ({error}); "
            "`timm.list_models()` has their names, for instance convnext_tiny, efficientnet_b0, resnet18"
        ) from None
