"""The registry of heads. To add one: a file beside this one, and a line here."""

from heelstrike.heads.base import Head
from heelstrike.heads.box import Box
from heelstrike.heads.classes import Classes
from heelstrike.heads.detections import Detections
from heelstrike.heads.keypoints import Keypoints
from heelstrike.heads.prediction import Prediction

HEADS: dict[str, Head] = {head.name: head for head in (Keypoints(), Box(), Classes(), Detections())}
"""By name, in the order of the result files; in an overlay the first is drawn on top."""


def mirror_prediction(prediction: Prediction, width: int) -> Prediction:
    """A prediction on the mirror image of an image `width` pixels wide, in the image's own pixels; its own inverse."""
    for head in HEADS.values():
        prediction = head.mirrored(prediction, width)
    return prediction
