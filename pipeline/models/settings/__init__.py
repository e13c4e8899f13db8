"""Settings of the architectures, one class each; `name` selects one.

To add an architecture, write its network and its settings, which refer to the network, and list the settings here.
"""

from typing import Annotated, get_args

from pipeline.models.settings.backbones import BackboneSettings, ExtractorBackbone, StackBackbone, TimmBackbone
from pipeline.models.settings.base import ArchitectureSettings
from pipeline.models.settings.by_name import ByName
from pipeline.models.settings.connected import (
    ClassifierSettings,
    LocalizationSettings,
    MultiHeadSettings,
    RegressionSettings,
)
from pipeline.models.settings.detector import DetectorSettings
from pipeline.models.settings.ensemble import EnsembleSettings
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

_SETTINGS: tuple[type[ArchitectureSettings], ...] = (
    ClassifierSettings,
    ConfigurationSettings,
    DeepLabSettings,
    DetectorSettings,
    EnsembleSettings,
    FlatNetSettings,
    HeatmapNetSettings,
    HourglassSettings,
    KeypointRcnnSettings,
    LocalizationSettings,
    MultiHeadSettings,
    RefinedSettings,
    RegressionNetSettings,
    RegressionSettings,
    SpatialSettings,
    UnetPlusPlusSettings,
    UnetSettings,
    VitSettings,
)
ARCHITECTURES: dict[str, type[ArchitectureSettings]] = {
    get_args(s.model_fields["name"].annotation)[0]: s for s in _SETTINGS
}
"""Settings classes by name; each refers to its network."""

ModelSettings = Annotated[ArchitectureSettings, ByName(ARCHITECTURES)]

__all__ = [
    "ARCHITECTURES",
    "ArchitectureSettings",
    "BackboneSettings",
    "ClassifierSettings",
    "ConfigurationSettings",
    "DeepLabSettings",
    "DetectorSettings",
    "EnsembleSettings",
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
