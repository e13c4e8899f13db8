"""Settings of the architectures, one class each; `name` picks one."""

from typing import Annotated, Any, get_args

from pydantic import Field

from pipeline.models.settings.backbones import BackboneSettings, ExtractorBackbone, StackBackbone
from pipeline.models.settings.base import ArchitectureSettings
from pipeline.models.settings.connected import (
    ClassifierSettings,
    LocalizationSettings,
    MultiHeadSettings,
    RegressionSettings,
)
from pipeline.models.settings.detector import DetectorSettings
from pipeline.models.settings.needs import misfit_of
from pipeline.models.settings.spatial import RefinedSettings, SpatialSettings

ModelSettings = Annotated[
    ClassifierSettings
    | DetectorSettings
    | LocalizationSettings
    | MultiHeadSettings
    | RefinedSettings
    | RegressionSettings
    | SpatialSettings,
    Field(discriminator="name"),
]


def _names(union: Any) -> set[str]:
    """What `name` may be in a choice of settings."""
    return {name for cls in get_args(get_args(union)[0]) for name in get_args(cls.model_fields["name"].annotation)}


NAMES = _names(ModelSettings) | _names(BackboneSettings)
"""Names of all architectures and backbones."""

__all__ = [
    "NAMES",
    "ArchitectureSettings",
    "BackboneSettings",
    "ClassifierSettings",
    "DetectorSettings",
    "ExtractorBackbone",
    "LocalizationSettings",
    "ModelSettings",
    "MultiHeadSettings",
    "RefinedSettings",
    "RegressionSettings",
    "SpatialSettings",
    "StackBackbone",
    "misfit_of",
]
