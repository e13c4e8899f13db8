"""What packaging knows of each head: its part of the graph, and whether graph and network agree. One file each."""

from pipeline.heads.box.export import PackagedBox
from pipeline.heads.classes.export import PackagedClass
from pipeline.heads.detections.export import PackagedDetections
from pipeline.heads.export import PackagedHead
from pipeline.heads.keypoints.export import PackagedKeypoints
from pipeline.models.network import Network

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
