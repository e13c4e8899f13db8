"""Codecs: target, loss and read-out of keypoints as one object each, so that no two conventions can meet.

To add one, write a file with a subclass of `Codec` and name it in `CODECS`.
"""

from pipeline.models.codecs.base import Codec, Grid
from pipeline.models.codecs.box import BoxCodec
from pipeline.models.codecs.coordinates import Coordinates
from pipeline.models.codecs.dsnt import Dsnt
from pipeline.models.codecs.softmax import Softmax

CODECS: dict[str, type[Codec]] = {"coordinates": Coordinates, "dsnt": Dsnt, "softmax": Softmax}

__all__ = ["CODECS", "BoxCodec", "Codec", "Coordinates", "Dsnt", "Grid", "Softmax"]
