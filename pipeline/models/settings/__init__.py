"""Settings of the architectures, one class each; `name` picks one."""

from typing import Annotated

from pydantic import Field

from pipeline.models.settings.backbones import BackboneSettings, ExtractorBackbone, StackBackbone, TimmBackbone
from pipeline.models.settings.base import ArchitectureSettings
from pipeline.models.settings.connected import (
    ClassifierSettings,
    LocalizationSettings,
    MultiHeadSettings,
    RegressionSettings,
)
from pipeline.models.settings.detector import DetectorSettings
from pipeline.models.settings.maps import (
    ConfigurationSettings,
    DeepLabSettings,
    FlatNetSettings,
    HeatmapNetSettings,
    HourglassSettings,
    MapSettings,
    RegressionNetSettings,
    UnetPlusPlusSettings,
    UnetSettings,
    VitSettings,
)
from pipeline.models.settings.rcnn import KeypointRcnnSettings
from pipeline.models.settings.spatial import RefinedSettings, SpatialSettings

ModelSettings = Annotated[
    ClassifierSettings
    | ConfigurationSettings
    | DeepLabSettings
    | DetectorSettings
    | FlatNetSettings
    | HeatmapNetSettings
    | HourglassSettings
    | KeypointRcnnSettings
    | LocalizationSettings
    | MultiHeadSettings
    | RefinedSettings
    | RegressionNetSettings
    | RegressionSettings
    | SpatialSettings
    | UnetPlusPlusSettings
    | UnetSettings
    | VitSettings,
    Field(discriminator="name"),
]

__all__ = [
    "ArchitectureSettings",
    "BackboneSettings",
    "ClassifierSettings",
    "ConfigurationSettings",
    "DeepLabSettings",
    "DetectorSettings",
    "ExtractorBackbone",
    "FlatNetSettings",
    "HeatmapNetSettings",
    "HourglassSettings",
    "KeypointRcnnSettings",
    "LocalizationSettings",
    "MapSettings",
    "ModelSettings",
    "MultiHeadSettings",
    "RefinedSettings",
    "RegressionNetSettings",
    "RegressionSettings",
    "SpatialSettings",
    "StackBackbone",
    "TimmBackbone",
    "UnetPlusPlusSettings",
    "UnetSettings",
    "VitSettings",
]
