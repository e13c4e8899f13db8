"""The registry of heads. To add a head, write a file beside this one and list the head here."""

import numpy as np

from heelstrike.heads.base import Head
from heelstrike.heads.box import Box
from heelstrike.heads.classes import Classes
from heelstrike.heads.detections import Detections
from heelstrike.heads.keypoints import Keypoints
from heelstrike.heads.prediction import Prediction

HEADS: dict[str, Head] = {head.name: head for head in (Keypoints(), Box(), Classes(), Detections())}
"""Heads by name, in the order of the result files. In an overlay the first head is drawn on top."""


def mirror_prediction(prediction: Prediction, width: int) -> Prediction:
    """Turn a prediction on the mirror image into one on the image, which is `width` pixels wide, or the reverse."""
    for head in HEADS.values():
        prediction = head.mirrored(prediction, width)
    return prediction


def shift_prediction(prediction: Prediction, x: int, y: int) -> Prediction:
    """Turn a prediction on a part of an image into one on the image; (x, y) is the part's top-left pixel."""
    for head in HEADS.values():
        prediction = head.shifted(prediction, np.array([x, y], np.float32))
    return prediction
