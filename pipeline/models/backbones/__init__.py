"""Backbones: networks from an image to one feature map. A new one is a subclass of `Backbone`, named in `BACKBONES`."""

from collections.abc import Callable
from typing import Any

from pipeline.models.backbones.base import Backbone
from pipeline.models.backbones.extractor import EXTRACTORS, Extractor
from pipeline.models.backbones.stack import Stack
from pipeline.models.backbones.timm_extractor import TimmExtractor
from pipeline.models.settings import BackboneSettings

BACKBONES: dict[str, Callable[[Any, int], Backbone]] = {
    "stack": Stack,
    "timm": TimmExtractor,
    **dict.fromkeys(EXTRACTORS, Extractor),
}


def build_backbone(settings: BackboneSettings, inputs: int) -> Backbone:
    """Build the backbone that `settings.name` names, with random weights.

    Args:
        settings: Settings of the backbone.
        inputs: Number of image channels, 1 or 3.
    """
    return BACKBONES[settings.name](settings, inputs)


__all__ = ["BACKBONES", "Backbone", "build_backbone"]
