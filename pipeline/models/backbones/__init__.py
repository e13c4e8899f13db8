"""Backbones: an image to one map of features. To add one, add a subclass of `Backbone` and name it in `BACKBONES`."""

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
    """The backbone that `settings.name` names, with fresh weights.

    Args:
        settings: Its own.
        inputs: Image channels, 1 or 3.
    """
    return BACKBONES[settings.name](settings, inputs)


__all__ = ["BACKBONES", "Backbone", "build_backbone"]
