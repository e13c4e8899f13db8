"""What packaging knows of each head: its part of the graph, and whether graph and network agree. One file each."""

from pipeline.models.network import Network
from pipeline.package.heads.base import PackagedHead
from pipeline.package.heads.box import PackagedBox
from pipeline.package.heads.classes import PackagedClass
from pipeline.package.heads.detections import PackagedDetections
from pipeline.package.heads.keypoints import PackagedKeypoints

HEADS: dict[str, PackagedHead] = {
    "keypoints": PackagedKeypoints(),
    "box": PackagedBox(),
    "class": PackagedClass(),
    "detections": PackagedDetections(),
}


def heads_of(network: Network) -> list[PackagedHead]:
    """Those that the network has."""
    return [head for name, head in HEADS.items() if name in network.heads]


__all__ = ["HEADS", "PackagedHead", "heads_of"]
