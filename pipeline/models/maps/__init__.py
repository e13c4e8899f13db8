"""Networks that say a map for each keypoint: a body that makes features, and a head that its codec understands.

To add one, write a body, its settings in pipeline/models/settings/maps.py, and name it in `BODIES`.
"""

from pipeline.models.maps.hourglass import Hourglass
from pipeline.models.maps.light import RegressionNet
from pipeline.models.maps.network import BODIES, MapNetwork

__all__ = ["BODIES", "Hourglass", "MapNetwork", "RegressionNet"]
