"""Codecs: target, loss, read-out and confidence of keypoints as one object, so that no two conventions can meet.

To add one, write a file with a subclass of `Codec`, its settings in pipeline/models/settings/codecs.py, and name it in
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
"""Those that settings choose among; `Coordinates` is what fully connected heads say."""


def build_codec(settings: CodecSettings, grid: Grid) -> Codec:
    """The codec that `settings.name` names.

    Args:
        settings: Its own.
        grid: Where the network's map lies in its input.
    """
    return CODECS[settings.name](grid, settings)


__all__ = ["CODECS", "BoxCodec", "Codec", "Coordinates", "Dsnt", "Grid", "Heatmap", "Simcc", "Softmax", "build_codec"]
