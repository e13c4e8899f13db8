"""Codecs: target, loss, read-out and confidence of keypoints in one object, so that they follow the same conventions.

A new codec is a file with a subclass of `Codec`, its settings in pipeline/models/settings/codecs.py, and its name in
`CODECS`.
"""

from collections.abc import Callable
from typing import Any

from pipeline.models.codecs.base import Codec, Grid
from pipeline.models.codecs.box import BoxCodec
from pipeline.models.codecs.coordinates import Coordinates
from pipeline.models.codecs.dsnt import Dsnt
from pipeline.models.codecs.heatmap import Heatmap
from pipeline.models.codecs.simcc import Simcc
from pipeline.models.codecs.softmax import Softmax
from pipeline.models.settings.codecs import CodecSettings

CODECS: dict[str, Callable[[Grid, Any], Codec]] = {
    "dsnt": Dsnt,
    "heatmap": Heatmap,
    "simcc": Simcc,
    "softmax": Softmax,
}
"""Codecs that settings can choose. `Coordinates` is the codec of fully connected heads and needs no choice."""


def build_codec(settings: CodecSettings, grid: Grid) -> Codec:
    """Build the codec that `settings.name` names.

    Args:
        settings: Settings of the codec.
        grid: Position of the network's map in its input.
    """
    return CODECS[settings.name](grid, settings)


__all__ = ["CODECS", "BoxCodec", "Codec", "Coordinates", "Dsnt", "Grid", "Heatmap", "Simcc", "Softmax", "build_codec"]
