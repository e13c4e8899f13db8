"""A vision transformer and a light decoder.

Xu et al. 2022, "ViTPose: Simple Vision Transformer Baselines for Human Pose Estimation" (arXiv:2204.12484).
"""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

import pipeline.quiet  # noqa: F401  # before anything asks Hugging Face for weights
from heelstrike.errors import UserError
from heelstrike.preprocess.settings import InputSize
from pipeline.models.backbones.base import Backbone
from pipeline.models.backbones.extractor import as_imagenet
from pipeline.models.maps.light import enlarge
from pipeline.models.settings import VitSettings
from pipeline.models.weights import from_hugging_face


class Vit(Backbone):
    """A transformer over patches, its tokens as a map, and transposed convolutions to the maps' resolution."""

    def __init__(self, settings: VitSettings, size: InputSize) -> None:
        super().__init__(settings.width, settings.stride)
        self.settings = settings
        self.rows, self.columns = (-(-side // settings.patch) for side in (size.height, size.width))
        self.encoder = self._make(pretrained=False)
        if tuple(self.encoder.patch_embed.patch_size) != (settings.patch, settings.patch):
            patch = self.encoder.patch_embed.patch_size[0]
            raise UserError(f"model.patch is {settings.patch}, but {settings.encoder} has patches of {patch} px")
        steps = (settings.patch // settings.stride).bit_length() - 1
        inputs = [self.encoder.embed_dim, *[settings.width] * (steps - 1)]
        self.decoder = nn.Sequential(*[enlarge(channels, settings.width) for channels in inputs])

    def _make(self, pretrained: bool) -> Any:
        # imported here, because the import takes seconds and other networks do not need it
        import timm

        size = (self.rows * self.settings.patch, self.columns * self.settings.patch)
        try:
            return timm.create_model(self.settings.encoder, pretrained=pretrained, num_classes=0, img_size=size)
        except (RuntimeError, TypeError) as error:
            known = ", ".join(timm.list_models("vit_*"))
            raise UserError(f"model.encoder: {self.settings.encoder!r} is no vision transformer of timm ({error}); "
                            f"there are {known}") from None  # fmt: skip

    def forward(self, images: Float[Tensor, "N C H W"]) -> Float[Tensor, "N channels rows columns"]:
        """Return the decoder's map."""
        tokens = self.encoder.forward_features(as_imagenet(images))[:, self.encoder.num_prefix_tokens :]
        features: Tensor = self.decoder(tokens.transpose(1, 2).unflatten(2, (self.rows, self.columns)))
        return features

    def load_imagenet(self) -> list[nn.Module]:
        """Load timm's pretrained weights of the encoder."""
        with from_hugging_face(self.settings.encoder):
            self.encoder.load_state_dict(self._make(pretrained=True).state_dict())
        return [self.encoder]
