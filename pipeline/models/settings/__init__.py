"""Settings of the architectures, one class each; `name` picks one."""

from typing import Annotated

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
from pipeline.models.settings.rcnn import KeypointRcnnSettings
from pipeline.models.settings.spatial import RefinedSettings, SpatialSettings

ModelSettings = Annotated[
    ClassifierSettings
    | DetectorSettings
    | KeypointRcnnSettings
    | LocalizationSettings
    | MultiHeadSettings
    | RefinedSettings
    | RegressionSettings
    | SpatialSettings,
    Field(discriminator="name"),
]

__all__ = [
    "ArchitectureSettings",
    "BackboneSettings",
    "ClassifierSettings",
    "DetectorSettings",
    "ExtractorBackbone",
    "KeypointRcnnSettings",
    "LocalizationSettings",
    "ModelSettings",
    "MultiHeadSettings",
    "RefinedSettings",
    "RegressionSettings",
    "SpatialSettings",
    "StackBackbone",
    "misfit_of",
]
