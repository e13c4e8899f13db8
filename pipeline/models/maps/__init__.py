"""Networks that predict a map for each keypoint: a body makes features, a head makes the input of a codec.

A new network is a body, its settings in pipeline/models/settings/maps.py, and its name in `BODIES`.
"""

from pipeline.models.maps.hourglass import Hourglass
from pipeline.models.maps.light import RegressionNet
from pipeline.models.maps.network import BODIES, MapNetwork

__all__ = ["BODIES", "Hourglass", "MapNetwork", "RegressionNet"]
