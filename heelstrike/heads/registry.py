"""The registry of heads. To add a head, write a file beside this one and list the head here."""

from heelstrike.heads.base import Head
from heelstrike.heads.box import Box
from heelstrike.heads.classes import Classes
from heelstrike.heads.detections import Detections
from heelstrike.heads.keypoints import Keypoints
from heelstrike.heads.prediction import Prediction
from heelstrike.preprocess.letterbox import Letterbox

HEADS: dict[str, Head] = {head.name: head for head in (Keypoints(), Box(), Classes(), Detections())}
"""Heads by name, in the order of the result files. In an overlay the first head is drawn on top."""


def mirror_prediction(prediction: Prediction, width: int) -> Prediction:
    """Turn a prediction on the mirror image into one on the image, which is `width` pixels wide, or the reverse."""
    for head in HEADS.values():
        prediction = head.mirrored(prediction, width)
    return prediction


def shift_prediction(prediction: Prediction, x: int, y: int) -> Prediction:
    """Turn a prediction on a part of an image into one on the image; (x, y) is the part's top-left pixel."""
    return _backward(prediction, Letterbox(1.0, -x, -y))


def enlarge_prediction(prediction: Prediction, scale: float) -> Prediction:
    """Turn a prediction on a scaled image into one on the image, of which `scale` is pixels of the scaled per pixel."""
    return _backward(prediction, Letterbox(scale, 0, 0))


def _backward(prediction: Prediction, letterbox: Letterbox) -> Prediction:
    for head in HEADS.values():
        prediction = head.backward(prediction, letterbox)
    return prediction
