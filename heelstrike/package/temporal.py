"""The temporal model of a package: a second graph that corrects a frame's keypoints by the frames around it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from jaxtyping import Float

from heelstrike.errors import UserError
from heelstrike.heads.prediction import Prediction
from heelstrike.heads.shapes import Shape
from heelstrike.measure.radii import Radii
from heelstrike.package.over_time_settings import OverTime
from heelstrike.preprocess.letterbox import Letterbox
from heelstrike.preprocess.settings import InputSize, Zoom
from heelstrike.preprocess.windows import Window
from heelstrike.reasons import Reason

GRAPH = "temporal.onnx"
"""File of the graph in the package."""
INPUTS, OUTPUTS = ("points", "confidence"), ("places", "spread")
"""Inputs and outputs of the graph, all of float32: shares of the keypoints' size, as in `Window`."""

BRIDGED = frozenset({Reason.NOT_FOUND, Reason.LOOKS_DIFFER})
"""Reasons why a single frame is not believed for which the frames around it can answer."""


class TemporalModel:
    """Answers from several frames.

    Attributes:
        settings: The package's settings.

    Args:
        path: The graph's file, for messages.
        settings: The package's settings.
        session: The loaded graph.
        confidence: The package's threshold: a keypoint of lower confidence is missing.
        growth: Growth of the radii where views are enlarged; `None` without radii.
        size: Size of the network's input.
        zoom: How views of keypoints are enlarged; `None` if the network is given whole images.
    """

    def __init__(
        self,
        path: Path,
        settings: OverTime,
        session: onnxruntime.InferenceSession,
        confidence: float,
        growth: Radii | None,
        size: InputSize,
        zoom: Zoom | None,
    ) -> None:
        self.settings = settings
        self._path, self._session, self._confidence = path, session, confidence
        self._radii, self._size, self._zoom = growth, size, zoom

    def __call__(
        self, prediction: Prediction, window: Window, shape: tuple[int, int], mirrored: bool = False
    ) -> Prediction:
        """Return the prediction with the keypoints that the window answers, and their radii.

        A keypoint that the frame itself does not show is answered if its radius is small enough. A frame that was not
        believed is, if nothing that the window knows is missing any more; but not if several people were in the way, or
        if it was too small.

        Args:
            prediction: The frame's own prediction.
            window: The window around it.
            shape: Height and width of the image.
            mirrored: True if the network was given mirror images, so that the temporal model learned from such.
        """
        side = np.array([-1.0 if mirrored else 1.0, 1.0])
        places, spread = self.run(window._replace(points=side * window.points))
        radius, answered = self.settings.radius(window, spread, self._growth(window.size, shape))
        here = window.confidence[self.settings.slots // 2] > 0
        refusal = prediction.refusal
        is_whole = (here | answered)[window.known].all()
        if not answered.any() or (refusal is not None and (refusal.reason not in BRIDGED or not is_whole)):
            return prediction
        assert prediction.keypoints is not None
        assert prediction.confidence is not None
        keypoints = window.centre + window.size * side * places
        seldom = np.where(window.confidence > 0, window.confidence, 1).min(axis=0)
        confidence = np.where(here, prediction.confidence, np.maximum(seldom, self._confidence))
        own = prediction.radius
        return replace(
            prediction,
            keypoints=np.where(answered[:, None], keypoints, prediction.keypoints).astype(prediction.keypoints.dtype),
            confidence=np.where(answered, confidence, prediction.confidence).astype(prediction.confidence.dtype),
            radius=None if own is None else np.where(answered, radius * window.size, own),
            refusal=None,
            from_frames=window.frames,
        )

    def run(self, window: Window) -> tuple[Float[np.ndarray, "K 2"], Float[np.ndarray, " K"]]:
        """Return places and spreads of the middle frame's keypoints in shares.

        Raises:
            UserError: ONNX Runtime cannot run the graph, or it answers with numbers that are not finite.
        """
        feeds = {
            name: part[None].astype(np.float32)
            for name, part in zip(INPUTS, (window.points, window.confidence), strict=True)
        }
        try:
            places, spread = self._session.run(list(OUTPUTS), feeds)
        except Exception as error:  # the only common base of the errors that ONNX Runtime raises
            raise UserError(f"{self._path}: ONNX Runtime cannot run it: {error}") from error
        if not (np.isfinite(places).all() and np.isfinite(spread).all()):
            raise UserError(f"{self._path}: it answers with numbers that are not finite; package the model again")
        return np.asarray(places[0], np.float64), np.asarray(spread[0], np.float64)

    def _growth(self, size: float, shape: tuple[int, int]) -> float:
        """Return the factor by which radii grow where keypoints of this size in pixels are enlarged for the network."""
        if self._radii is None:
            return 1.0
        height, width = shape
        if self._zoom is None:
            scale = Letterbox.fit(width, height, self._size).scale
        else:
            scale = self._zoom.fill * min(self._size.width, self._size.height) / size
        return float(self._radii.growth(scale))


def graph_findings(settings: OverTime, count: int, shapes: dict[str, Shape]) -> list[str]:
    """Return a sentence for each input or output of the graph that does not fit; empty if all fit.

    Args:
        settings: The manifest's settings.
        count: Number of keypoints.
        shapes: Shapes of the graph's inputs and outputs.
    """
    slots = settings.slots
    wanted: dict[str, Any] = {
        INPUTS[0]: (1, slots, count, 2),
        INPUTS[1]: (1, slots, count),
        OUTPUTS[0]: (1, count, 2),
        OUTPUTS[1]: (1, count),
    }
    if set(shapes) != set(wanted):
        return [f"{GRAPH} has the inputs and outputs {sorted(shapes)}, expected {sorted(wanted)}"]
    return [
        f"{GRAPH}: {name} has the shape {list(shapes[name])}, expected {list(shape)}"
        for name, shape in wanted.items()
        if tuple(shapes[name]) != shape
    ]
