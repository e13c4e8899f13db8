"""A package in use: checks its hashes, applies its filters and runs its graph. Needs no torch."""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from jaxtyping import UInt8

from heelstrike.cores import cores
from heelstrike.errors import UserError
from heelstrike.heads.prediction import Prediction
from heelstrike.heads.registry import HEADS, enlarge_prediction, mirror_prediction
from heelstrike.heads.shapes import Shape
from heelstrike.package.content import INPUT, Tensor, check_content, heads_of
from heelstrike.package.image import ArrayImage, Image
from heelstrike.package.looking import Look
from heelstrike.package.manifest import MODEL, Manifest, read_manifest, verify
from heelstrike.package.temporal import GRAPH, TemporalModel, graph_findings
from heelstrike.package.zoom import Zoomed
from heelstrike.preprocess.filters import VideoFilters, apply_filters
from heelstrike.preprocess.letterbox import Letterbox

_FEW = 2  # cores, where a second thread for the network would take from decoding more than it gains
_MAX_GRAPH = 2**31 - 1  # bytes; protobuf messages are not larger


class Package:
    """A verified package, ready to predict. Make one with `Package.load`.

    Attributes:
        folder: The package's folder.
        manifest: The package's manifest. Its `heads` are filled in if the file has none (version 2 of the format).
        temporal: Answers from several frames of a video; `None` if the package predicts every frame by itself.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        session: onnxruntime.InferenceSession,
        temporal: TemporalModel | None = None,
    ) -> None:
        self.folder, self.manifest, self._session, self.temporal = folder, manifest, session, temporal
        self._outputs = [o.name for o in session.get_outputs()]
        self._heads = [head for name, head in HEADS.items() if name in manifest.heads]
        # outputs of unknown heads cannot be mapped from a scaled image to the image
        self._all_known = set(self._outputs) == {name for head in self._heads for name in head.outputs}

    @classmethod
    def load(cls, folder: Path, threads: int = 0, per_frame: bool = False) -> "Package":
        """Verify a package folder and load its graphs. No code from the package is executed.

        Args:
            folder: Folder with manifest.json and the files that it lists.
            threads: CPU threads for one prediction; 0 leaves the number to ONNX Runtime (one for each core), except on
                two cores, where it is one.
            per_frame: True to predict every frame of a video by itself, whatever the package can do.

        Raises:
            UserError: A file is missing or differs from its hash, the format is unknown, the graph cannot be loaded, or
                graph and manifest do not fit together.
        """
        manifest = read_manifest(folder)
        verify(folder, manifest)
        session = _session(folder / MODEL, threads)
        inputs, outputs = _tensors(session.get_inputs()), _tensors(session.get_outputs())
        findings = check_content(manifest, inputs, outputs)
        if findings:
            advice = "the parts of the package do not fit together: package the model again"
            raise UserError("\n".join([*(f"{folder}: {finding}" for finding in findings), advice]))
        manifest = manifest.model_copy(update={"heads": heads_of(manifest, outputs)})
        return cls(folder, manifest, session, None if per_frame else _temporal(folder, manifest))

    def mirrors(self, slices: Mapping[str, str]) -> bool:
        """Return True if images of these slices (`{"foot": "left"}`) have to be predicted on with `mirrored=True`."""
        return self.manifest.mirror is not None and self.manifest.mirror.applies(slices)

    def predict(self, image: UInt8[np.ndarray, "H W 3"], mirrored: bool = False) -> Prediction:
        """Predict on one still image. For frames of a video use `predictor`.

        Args:
            image: RGB image of any size.
            mirrored: True to give the network the mirror image. The prediction is still in the pixels of `image`.

        Raises:
            UserError: The array is not an RGB image of uint8, it is too thin to be scaled to the network's input, or a
                filter needs the preceding frames of a video.
        """
        filtered = apply_filters(ArrayImage(image).rgb, self.manifest.filters)
        return self._looking(mirrored)(ArrayImage(filtered))

    def predictor(self, mirrored: bool = False) -> Callable[[Image], Prediction]:
        """Return a function that predicts on the frames of one video; call it with every frame, in order."""
        filters, look = VideoFilters(self.manifest.filters), self._looking(mirrored)
        if not self.manifest.filters:
            return look
        return lambda image: look(ArrayImage(filters(image.rgb)))

    def predict_filtered(self, filtered: UInt8[np.ndarray, "H W 3"], mirrored: bool = False) -> Prediction:
        """Predict on one whole image to which the manifest's filters have been applied already, without zooming."""
        return self._look(ArrayImage(filtered), mirrored)

    def _looking(self, mirrored: bool) -> Look:
        """Return the function that predicts on the filtered frames of one video: at every size if the package zooms."""
        manifest, look = self.manifest, partial(self._look, mirrored=mirrored)
        if manifest.zoom is None:
            return look
        side = min(manifest.input.width, manifest.input.height)
        smallest = 0.0 if manifest.radii is None else side / manifest.radii.largest_scale
        names, pairs = manifest.category.keypoints, manifest.flip_pairs
        return Zoomed(manifest.zoom, look, names, manifest.confidence, smallest, pairs)

    def _look(self, image: Image, mirrored: bool) -> Prediction:
        """Predict on one whole filtered image."""
        height, width = image.shape
        scale = Letterbox.fit(width, height, self.manifest.input).scale
        pixels = image.for_input(self.manifest.input) if self._all_known else image.rgb
        outputs = self._run(np.ascontiguousarray(pixels[:, ::-1] if mirrored else pixels))
        prediction = self._prediction(dict(zip(self._outputs, outputs, strict=True)))
        if mirrored:
            prediction = mirror_prediction(prediction, pixels.shape[1])
        if pixels.shape[:2] != image.shape:
            prediction = enlarge_prediction(prediction, scale)
        if self.manifest.radii is None or prediction.confidence is None:
            return prediction
        return replace(prediction, radius=self.manifest.radii.of(prediction.confidence, scale))

    def _run(self, image: UInt8[np.ndarray, "H W 3"]) -> list[np.ndarray]:
        try:
            return list(self._session.run(self._outputs, {INPUT: image}))
        except MemoryError:
            raise
        except Exception as error:  # the only common base of the errors that ONNX Runtime raises
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise UserError(
                f"{self.folder / MODEL}: ONNX Runtime cannot run it on an image of {image.shape[1]}x{image.shape[0]}: "
                f"{reason}"
            ) from error

    def _prediction(self, outputs: dict[str, np.ndarray]) -> Prediction:
        """Return the graph's outputs as a prediction, after a check of the shapes and values known only now."""
        category, shapes = self.manifest.category, {name: output.shape for name, output in outputs.items()}
        findings = [finding for head in self._heads for finding in head.check_shapes(category, shapes)]
        known = {name: outputs.pop(name) for head in self._heads for name in head.outputs}
        prediction = Prediction(
            **known, others=outputs, heads=tuple(self.manifest.heads), people=None, refusal=None, from_frames=None
        )
        findings = findings or [f for head in self._heads for f in head.check_values(prediction, category)]
        if findings:
            raise UserError("\n".join(f"{self.folder / MODEL}: {finding}" for finding in findings))
        return prediction


def _temporal(folder: Path, manifest: Manifest) -> TemporalModel | None:
    """Load the temporal model; `None` if the package has none.

    Raises:
        UserError: Its graph cannot be loaded, or does not fit the manifest.
    """
    settings, path = manifest.temporal, folder / GRAPH
    if settings is None:
        return None
    if GRAPH not in manifest.files:
        raise UserError(f"{folder}: the manifest has `temporal`, but does not list {GRAPH}; package the model again")
    session = _session(path, 1)  # a tiny graph, which several threads would only slow down
    shapes: dict[str, Shape] = {e.name: tuple(e.shape) for e in (*session.get_inputs(), *session.get_outputs())}
    findings = graph_findings(settings, len(manifest.category.keypoints), shapes)
    if findings:
        raise UserError("\n".join(f"{folder}: {finding}; package the model again" for finding in findings))
    return TemporalModel(path, settings, session, manifest.confidence, manifest.radii, manifest.input, manifest.zoom)


def _session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """Load a graph from its file. The graph cannot make ONNX Runtime read any other file."""
    if (size := path.stat().st_size) > _MAX_GRAPH:
        raise UserError(f"{path}: {size} bytes found, at most {_MAX_GRAPH} expected; package the model again")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or (1 if cores() <= _FEW else 0)
    options.log_severity_level = 3
    # threads that spin while they wait would take CPU time from decoding and writing
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        with tempfile.TemporaryDirectory() as empty:
            # ONNX Runtime looks for weights outside the graph in this folder only
            options.add_session_config_entry("session.model_external_initializers_file_folder_path", empty)
            return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the only common base of the errors that ONNX Runtime raises
        if "External data" in str(error):
            raise UserError(f"{path}: has weights outside the graph; package the model again") from error
        raise UserError(f"{path}: ONNX Runtime cannot load it: {error}") from error


def _tensors(arguments: Iterable[Any]) -> dict[str, Tensor]:
    return {argument.name: Tensor(argument.type, tuple(argument.shape)) for argument in arguments}
