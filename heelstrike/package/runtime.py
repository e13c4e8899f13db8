"""A package in use: hashes checked, filters applied, the graph run. Needs numpy, OpenCV and ONNX Runtime, no torch."""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from jaxtyping import UInt8

from heelstrike.errors import UserError
from heelstrike.heads.prediction import Prediction
from heelstrike.heads.registry import HEADS, mirror_prediction
from heelstrike.package.content import INPUT, Tensor, check_content, heads_of
from heelstrike.package.manifest import MODEL, Manifest, read_manifest, verify
from heelstrike.preprocess.filters import VideoFilters, apply_filters
from heelstrike.preprocess.letterbox import Letterbox

_MAX_GRAPH = 2**31 - 1  # bytes: more is no protobuf message


class Package:
    """A verified package, ready to predict. Make one with `Package.load`.

    Attributes:
        folder: Where it lies.
        manifest: Its manifest; `heads` is filled in where the manifest was written before it said so.
    """

    def __init__(self, folder: Path, manifest: Manifest, session: onnxruntime.InferenceSession) -> None:
        self.folder, self.manifest, self._session = folder, manifest, session
        self._outputs = [o.name for o in session.get_outputs()]
        self._heads = [head for name, head in HEADS.items() if name in manifest.heads]

    @classmethod
    def load(cls, folder: Path, threads: int = 0) -> "Package":
        """Verify a package folder and load its graph; runs no code from it.

        Args:
            folder: Holds manifest.json and the files it lists.
            threads: CPU threads of one prediction; 0 leaves it to ONNX Runtime (one per core).

        Raises:
            UserError: A file is missing or differs from its hash, the format is unknown, the graph does not load, or
                graph and manifest do not fit together.
        """
        manifest = read_manifest(folder)
        verify(folder, manifest)
        session = _session(folder / MODEL, threads)
        inputs, outputs = _tensors(session.get_inputs()), _tensors(session.get_outputs())
        findings = check_content(manifest, inputs, outputs)
        if findings:
            advice = "the package does not fit together: package the model again"
            raise UserError("\n".join([*(f"{folder}: {finding}" for finding in findings), advice]))
        return cls(folder, manifest.model_copy(update={"heads": heads_of(manifest, outputs)}), session)

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
        answers = dict(zip(self._outputs, self._session.run(self._outputs, {INPUT: seen}), strict=True))
        prediction = self._prediction(answers)
        if self.manifest.radii is not None and prediction.confidence is not None:
            height, width = filtered.shape[:2]
            scale = Letterbox.fit(width, height, self.manifest.input).scale
            prediction = replace(prediction, radius=self.manifest.radii.of(prediction.confidence, scale))
        return mirror_prediction(prediction, filtered.shape[1]) if mirrored else prediction

    def _prediction(self, answers: dict[str, np.ndarray]) -> Prediction:
        """The graph's answers by their names; what the graph left open until it ran is checked."""
        category, shapes = self.manifest.category, {name: answer.shape for name, answer in answers.items()}
        findings = [finding for head in self._heads for finding in head.check_shapes(category, shapes)]
        known = {name: answers.pop(name) for head in self._heads for name in head.outputs}
        prediction = Prediction(**known, others=answers, heads=tuple(self.manifest.heads))
        findings = findings or [one for head in self._heads for one in head.check_values(prediction, category)]
        if findings:
            raise UserError("\n".join(f"{self.folder / MODEL}: {finding}" for finding in findings))
        return prediction

    def _check(self, image: UInt8[np.ndarray, "H W 3"]) -> None:
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            raise UserError(f"expected an RGB image (height, width, 3) of uint8, found {image.shape} of {image.dtype}")
        Letterbox.fit(image.shape[1], image.shape[0], self.manifest.input)


def _session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """ONNX Runtime with a graph that lies in one file; it can make ONNX Runtime read no other."""
    if (size := path.stat().st_size) > _MAX_GRAPH:
        raise UserError(f"{path}: {size} bytes found, at most {_MAX_GRAPH} expected; package the model again")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # threads that spin while they wait take the core from decoding and writing
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        with tempfile.TemporaryDirectory() as empty:
            # weights outside the graph would be looked for here
            options.add_session_config_entry("session.model_external_initializers_file_folder_path", empty)
            return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises types of its own that share no base but Exception
        if "External data" in str(error):
            raise UserError(f"{path}: keeps weights outside the graph; package the model again") from error
        raise UserError(f"{path}: ONNX Runtime cannot load it: {error}") from error


def _tensors(arguments: Iterable[Any]) -> dict[str, Tensor]:
    return {one.name: Tensor(one.type, tuple(one.shape)) for one in arguments}
