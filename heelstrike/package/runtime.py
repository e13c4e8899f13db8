"""A package in use: hashes checked, filters applied, the graph run. Needs numpy, OpenCV and ONNX Runtime, no torch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnxruntime
from jaxtyping import Float, Int, UInt8

from heelstrike.errors import UserError
from heelstrike.package.manifest import MODEL, Manifest, read_manifest, verify
from heelstrike.preprocess.filters import VideoFilters, apply_filters
from heelstrike.preprocess.letterbox import Letterbox
from heelstrike.preprocess.mirror import mirror_boxes, mirror_points

INPUT = "image"
OUTPUTS = {
    "keypoints": ("keypoints", "confidence"),
    "box": ("box",),
    "class": ("probabilities",),
    "detections": ("boxes", "scores", "classes"),
}
"""Names of the graph's outputs, by the network's head."""


@dataclass(frozen=True)
class Prediction:
    """What the network says about one image, in that image's own pixels; nothing where it has no such head.

    Attributes:
        keypoints: (K, 2) as (x, y), origin at the centre of the top-left pixel.
        confidence: (K,) in [0, 1].
        box: (4,) as x, y, width, height.
        probabilities: (C,) of the classes.
        boxes: (D, 4) of all instances found, the surest first, as x, y, width, height.
        scores: (D,) of each, in [0, 1].
        classes: (D,) number of the class of each.
        radius: (K,) pixels within which the true point lies, of a new subject's points in a share `radii.level`; inf
            where the package cannot promise any, nothing where it was made without.
    """

    keypoints: Float[np.ndarray, "K 2"] | None = None
    confidence: Float[np.ndarray, " K"] | None = None
    box: Float[np.ndarray, " 4"] | None = None
    probabilities: Float[np.ndarray, " C"] | None = None
    boxes: Float[np.ndarray, "D 4"] | None = None
    scores: Float[np.ndarray, " D"] | None = None
    classes: Int[np.ndarray, " D"] | None = None
    radius: Float[np.ndarray, " K"] | None = None

    @property
    def heads(self) -> tuple[str, ...]:
        """The heads that answered."""
        return tuple(head for head, names in OUTPUTS.items() if getattr(self, names[0]) is not None)


class Package:
    """A verified package, ready to predict. Make one with `Package.load`."""

    def __init__(self, folder: Path, manifest: Manifest, session: onnxruntime.InferenceSession) -> None:
        self.folder, self.manifest, self._session = folder, manifest, session
        self._outputs = [o.name for o in session.get_outputs()]

    @classmethod
    def load(cls, folder: Path, threads: int = 0) -> "Package":
        """Verify a package folder and load its graph; runs no code from it.

        Args:
            folder: Holds manifest.json and the files it lists.
            threads: CPU threads of one prediction; 0 leaves it to ONNX Runtime (one per core).

        Raises:
            UserError: A file is missing or differs from its hash, the format is unknown, or the graph does not load.
        """
        manifest = read_manifest(folder)
        verify(folder, manifest)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # threads that spin while they wait take the core from decoding and writing
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session = onnxruntime.InferenceSession(folder / MODEL, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises types of its own that share no base but Exception
            raise UserError(f"{folder / MODEL}: ONNX Runtime cannot load it: {error}") from error
        inputs, outputs = [i.name for i in session.get_inputs()], [o.name for o in session.get_outputs()]
        heads = [head for head, names in OUTPUTS.items() if set(names) <= set(outputs)]
        measured = "keypoints" in heads or manifest.measure is None
        if inputs != [INPUT] or set(outputs) != {name for head in heads for name in OUTPUTS[head]} or not measured:
            raise UserError(
                f"{folder / MODEL}: expected the input {INPUT!r} and the outputs {list(map(list, OUTPUTS.values()))}"
                f"{'' if measured else ', keypoints for what the manifest measures'}, found {inputs} and {outputs}; "
                "package the model again"
            )
        return cls(folder, manifest, session)

    def mirrors(self, slices: Mapping[str, str]) -> bool:
        """Whether images of these slices (`{"foot": "left"}`) are to be given with `mirrored`."""
        return self.manifest.mirror is not None and self.manifest.mirror.applies(slices)

    def predict(self, image: UInt8[np.ndarray, "H W 3"], mirrored: bool = False) -> Prediction:
        """What the network says about one RGB image of any size; for frames of a video use `predictor`.

        With `mirrored` the network sees the mirror image; the prediction is in the pixels of the image given.

        Raises:
            UserError: The array is no RGB image of uint8, is too thin to be scaled to the network's input, or a filter
                needs the frames before.
        """
        self._check(image)
        return self.predict_filtered(apply_filters(image, self.manifest.filters), mirrored)

    def predictor(self, mirrored: bool = False) -> Callable[[UInt8[np.ndarray, "H W 3"]], Prediction]:
        """A function that predicts on the frames of one video, given all in order from the first."""
        filters = VideoFilters(self.manifest.filters)

        def predict(image: UInt8[np.ndarray, "H W 3"]) -> Prediction:
            self._check(image)
            return self.predict_filtered(filters(image), mirrored)

        return predict

    def predict_filtered(self, filtered: UInt8[np.ndarray, "H W 3"], mirrored: bool = False) -> Prediction:
        """The same of an image that went through the manifest's filters already."""
        self._check(filtered)
        seen = np.ascontiguousarray(filtered[:, ::-1] if mirrored else filtered)
        found = Prediction(**dict(zip(self._outputs, self._session.run(self._outputs, {INPUT: seen}), strict=True)))
        if self.manifest.radii is not None and found.confidence is not None:
            height, width = filtered.shape[:2]
            scale = Letterbox.fit(width, height, self.manifest.input).scale
            found = replace(found, radius=self.manifest.radii.of(found.confidence, scale))
        return mirror_prediction(found, filtered.shape[1]) if mirrored else found

    def _check(self, image: UInt8[np.ndarray, "H W 3"]) -> None:
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            raise UserError(f"expected an RGB image (height, width, 3) of uint8, found {image.shape} of {image.dtype}")
        Letterbox.fit(image.shape[1], image.shape[0], self.manifest.input)


def mirror_prediction(found: Prediction, width: int) -> Prediction:
    """What was found in the mirror image of an image this wide, in the image's own pixels; and the other way round."""

    def boxes(one: Float[np.ndarray, "D 4"]) -> Float[np.ndarray, "D 4"]:
        return mirror_boxes(one, np.full(len(one), width), np.ones(len(one), bool))

    points, box = found.keypoints, found.box
    return replace(
        found,
        keypoints=None if points is None else mirror_points(points[None], np.array([width]), np.array([True]))[0],
        box=None if box is None else boxes(box[None])[0],
        boxes=None if found.boxes is None else boxes(found.boxes),
    )
