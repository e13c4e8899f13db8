"""Test images with the labels and the predictions of two models, as small JPEG files."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from heelstrike import canvas as pen
from heelstrike.heads.base import Style
from heelstrike.heads.prediction import Prediction
from heelstrike.heads.registry import HEADS
from heelstrike.images import read_image
from pipeline.scoring.case_table import Cases

_SIDE = 300  # pixels of a tile
_QUALITY = 80
_FARTHEST = 10_000  # pixels; a prediction may be far outside the image
_LABEL: pen.Colour = (230, 159, 0)  # orange, as on the report's sheets


@dataclass(frozen=True)
class Tile:
    """One test image with the predictions of both models.

    Attributes:
        old: JPEG in base 64 with the first model's predictions.
        new: The same with the second model's.
    """

    old: str
    new: str


def tile(file: Path, index: int, old: Cases, new: Cases, style: Style) -> Tile:
    """Draw one case.

    Args:
        file: Path of the original image.
        index: Number of the case.
        old: The cases with the first model's predictions, original pixels.
        new: The same cases with the second model's predictions.
        style: How to draw predictions.
    """
    image = read_image(file)
    if image.ndim == 2 or image.shape[2] == 1:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    truth = _points(new.truth, index)
    shown = np.concatenate([truth, *(_points(side.answers, index) for side in (old, new))])
    left, top, side_px = _window(truth if len(truth) else shown, shown, image.shape[1], image.shape[0])
    return Tile(*(_encoded(_drawn(image, index, side, style, (left, top, side_px))) for side in (old, new)))


def prediction_of(cases: Cases, index: int) -> Prediction:
    """Return the predictions of one case as a consumer's package gives them."""
    answers = {name: values[index] for name, values in cases.answers.items()}
    objects = answers.get("objects")
    detected = None if objects is None else objects[objects[:, 5] > 0]
    return Prediction(
        keypoints=answers.get("keypoints"),
        confidence=answers.get("confidence"),
        box=answers.get("boxes"),
        probabilities=answers.get("probabilities"),
        boxes=None if detected is None else detected[:, :4],
        scores=None if detected is None else detected[:, 5],
        classes=None if detected is None else detected[:, 4].astype(np.int64),
    )


def _drawn(
    image: UInt8[np.ndarray, "H W 3"], index: int, cases: Cases, style: Style, window: tuple[float, float, float]
) -> UInt8[np.ndarray, "S S 3"]:
    """Cut the window out, enlarge it to a tile, and draw labels and predictions."""
    left, top, side = window
    zoom = _SIDE / side
    matrix = np.array([[zoom, 0, -left * zoom], [0, zoom, -top * zoom]])
    canvas = cv2.warpAffine(image, matrix, (_SIDE, _SIDE), flags=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR)
    canvas = np.ascontiguousarray(canvas)
    prediction = _moved(prediction_of(cases, index), left, top, zoom)
    scale = 0.45
    for head in reversed(HEADS.values()):
        head.draw(canvas, prediction, style, scale)
    if "keypoints" in cases.truth:
        labels = (cases.truth["keypoints"][index] - [left, top]) * zoom
        _draw_labels(canvas, labels, prediction.keypoints)
    for box in _true_boxes(cases, index):
        x, y = np.round((box[:2] - [left, top]) * zoom).astype(int).tolist()
        w, h = np.round(box[2:] * zoom).astype(int).tolist()
        cv2.rectangle(canvas, (x, y), (x + w, y + h), _LABEL, 1, cv2.LINE_AA)
    for row, (text, colour) in enumerate(line for head in HEADS.values() for line in head.lines(prediction, style)):
        pen.write(canvas, text, 6, 18 + 17 * row, 13, colour)
    return canvas


def _draw_labels(
    canvas: UInt8[np.ndarray, "S S 3"], labels: Float[np.ndarray, "K 2"], predicted: Float[np.ndarray, "K 2"] | None
) -> None:
    """Draw a ring around each label, and a line from it to the prediction of that keypoint."""
    for number, label in enumerate(labels):
        if np.isfinite(label).all():
            at = tuple(np.round(label).astype(int).tolist())
            if predicted is not None and np.isfinite(predicted[number]).all():
                end = np.clip(np.round(predicted[number]), -_FARTHEST, _FARTHEST).astype(int)
                cv2.line(canvas, at, tuple(end.tolist()), _LABEL, 1, cv2.LINE_AA)
            cv2.circle(canvas, at, 9, _LABEL, 1, cv2.LINE_AA)


def _moved(prediction: Prediction, left: float, top: float, zoom: float) -> Prediction:
    """Return a prediction in the pixels of a window."""
    corner = np.array([left, top])
    box, boxes, points = prediction.box, prediction.boxes, prediction.keypoints
    return replace(
        prediction,
        keypoints=None if points is None else (points - corner) * zoom,
        box=None if box is None else (box - [*corner, 0, 0]) * zoom,
        boxes=None if boxes is None else (boxes - [*corner, 0, 0]) * zoom,
    )


def _points(values: dict[str, np.ndarray], index: int) -> Float[np.ndarray, "P 2"]:
    """Return the keypoints of a case, or the corners of its boxes; finite ones only."""
    points = [values["keypoints"][index]] if "keypoints" in values else []
    boxes = [values["boxes"][index][None]] if "boxes" in values else []
    boxes += [values["objects"][index][:, :4]] if "objects" in values else []
    corners = [part for box in boxes for part in (box[:, :2], box[:, :2] + box[:, 2:])]
    every = np.concatenate([np.zeros((0, 2)), *(points or corners)])
    return every[np.isfinite(every).all(axis=1)]


def _true_boxes(cases: Cases, index: int) -> Sequence[Float[np.ndarray, "4"]]:
    if "keypoints" in cases.truth:
        return ()  # the box around labelled keypoints would hide them
    boxes = cases.truth["objects"][index][:, :4] if "objects" in cases.truth else cases.truth["boxes"][index][None]
    return [box for box in boxes if np.isfinite(box).all()]


def _window(
    centred: Float[np.ndarray, "T 2"], shown: Float[np.ndarray, "P 2"], width: int, height: int
) -> tuple[float, float, float]:
    """A square with all points, if they lie in the image, and a margin: left, top, side."""
    if not len(shown):
        side = float(max(width, height))
        return (width - side) / 2, (height - side) / 2, side
    inside = np.clip(np.concatenate([centred, shown]), 0, (width, height))
    low, high = inside.min(axis=0), inside.max(axis=0)
    side = min(max(1.3 * float((high - low).max()), 0.2 * max(width, height)), float(max(width, height)))
    left, top = (low + high) / 2 - side / 2
    return float(left), float(top), side


def _encoded(canvas: UInt8[np.ndarray, "S S 3"]) -> str:
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(canvas, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return base64.b64encode(encoded.tobytes()).decode()
