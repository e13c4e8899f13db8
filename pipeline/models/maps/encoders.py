"""U-Net, U-Net++ and DeepLabV3+ of segmentation-models-pytorch, with any of its encoders by name."""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

import pipeline.quiet  # noqa: F401  # before anything asks Hugging Face for weights
from heelstrike.errors import UserError
from heelstrike.preprocess.settings import InputSize
from pipeline.models.backbones.base import Backbone
from pipeline.models.backbones.extractor import as_imagenet
from pipeline.models.settings import DeepLabSettings, UnetPlusPlusSettings, UnetSettings
from pipeline.models.weights import from_hugging_face

_DEPTH = 5
_DILATED_STRIDE = 16  # stride of DeepLab's encoder, whose last stage is dilated instead of halved


class Encoded(Backbone):
    """An encoder, and a decoder that a subclass adds. The encoder's input is RGB in ImageNet's normalisation."""

    decoder: Any

    def __init__(
        self, settings: UnetSettings | UnetPlusPlusSettings | DeepLabSettings, channels: int, output_stride: int
    ) -> None:
        super().__init__(channels, settings.stride)
        self.settings, self.output_stride = settings, output_stride
        self.encoder = _make_encoder(settings.encoder, output_stride, None)

    def forward(self, images: Float[Tensor, "N C H W"]) -> Float[Tensor, "N channels rows columns"]:
        """Return the decoder's map."""
        decoded: Tensor = self.decoder(self.encoder(as_imagenet(images))[self.skipped :])
        return decoded

    skipped = 0
    """Number of the encoder's finest maps that the decoder does not use."""

    def load_imagenet(self) -> list[nn.Module]:
        """Load the encoder's ImageNet weights."""
        name = self.settings.encoder
        with from_hugging_face(name):
            encoder = _make_encoder(name, self.output_stride, "imagenet")
        self.encoder.load_state_dict(encoder.state_dict())
        return [self.encoder]


class _Nested(Encoded):
    """Base of U-Net and U-Net++. At stride 2 and above, the decoder's blocks for finer maps are left out."""

    def __init__(self, settings: UnetSettings | UnetPlusPlusSettings) -> None:
        halvings = int(settings.stride).bit_length() - 1
        super().__init__(settings, settings.width * 2**halvings, 32)
        # one block too many is made and then removed, because a decoder's last block has no skip connection
        self.skipped = max(halvings - 1, 0)
        blocks = _DEPTH - self.skipped
        widths = [settings.width * 2 ** (_DEPTH - 1 - n) for n in range(blocks)]
        self.decoder = self.make_decoder(
            encoder_channels=self.encoder.out_channels[self.skipped :], decoder_channels=widths, n_blocks=blocks
        )
        if halvings:
            self.leave_out_last()

    def make_decoder(self, **arguments: Any) -> nn.Module:
        """Make the decoder of segmentation-models-pytorch."""
        raise NotImplementedError

    def leave_out_last(self) -> None:
        """Remove the block that makes the finest map."""
        raise NotImplementedError


class Unet(_Nested):
    """U-Net."""

    def __init__(self, settings: UnetSettings, size: InputSize) -> None:
        super().__init__(settings)

    def make_decoder(self, **arguments: Any) -> nn.Module:
        """Make the U-Net decoder."""
        from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoder

        return UnetDecoder(**arguments)

    def leave_out_last(self) -> None:
        """Remove the last block."""
        blocks: Any = self.decoder.blocks
        self.decoder.blocks = blocks[:-1]


class UnetPlusPlus(_Nested):
    """U-Net++."""

    def __init__(self, settings: UnetPlusPlusSettings, size: InputSize) -> None:
        super().__init__(settings)

    def make_decoder(self, **arguments: Any) -> nn.Module:
        """Make the U-Net++ decoder."""
        from segmentation_models_pytorch.decoders.unetplusplus.decoder import UnetPlusPlusDecoder

        return UnetPlusPlusDecoder(**arguments)

    def leave_out_last(self) -> None:
        """Replace the last block by the identity."""
        blocks: Any = self.decoder.blocks
        blocks[f"x_0_{self.decoder.depth}"] = nn.Identity()


class DeepLab(Encoded):
    """DeepLabV3+."""

    def __init__(self, settings: DeepLabSettings, size: InputSize) -> None:
        super().__init__(settings, settings.width, _DILATED_STRIDE)
        from segmentation_models_pytorch.decoders.deeplabv3.decoder import DeepLabV3PlusDecoder

        self.decoder = DeepLabV3PlusDecoder(
            encoder_channels=self.encoder.out_channels,
            encoder_depth=_DEPTH,
            out_channels=settings.width,
            atrous_rates=(12, 24, 36),
            output_stride=_DILATED_STRIDE,
            aspp_separable=True,
            aspp_dropout=settings.dropout,
        )


def _make_encoder(name: str, output_stride: int, weights: str | None) -> Any:
    """Make an encoder with maps of strides 1 to 32, or to `output_stride` with dilation."""
    # imported here, because the import takes seconds and other networks do not need it
    from segmentation_models_pytorch.encoders import encoders, get_encoder

    try:
        return get_encoder(name, in_channels=3, depth=_DEPTH, weights=weights, output_stride=output_stride)
    except OSError:  # weights are not in the cache; some of these errors are ValueErrors too
        raise
    except KeyError as error:
        if name in encoders:
            raise UserError(f"train.init_from: {name} has no weights of ImageNet; set it to null") from error
        raise UserError(
            f"model.encoder: no encoder {name!r}; there are {', '.join(sorted(encoders))}, and tu-NAME for timm's"
        ) from None
    except (RuntimeError, ValueError) as error:
        raise UserError(f"model.encoder: {name} cannot be used here: {error}") from None
