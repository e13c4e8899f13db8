"""From an image's own pixels to the network's input: one ONNX graph for training and consumers.

`prepare` runs the graph with ONNX Runtime, and a package carries it in front of its network. So the pixels of training
and the pixels that a consumer's network gets of an image in memory are equal by construction. Frames of a video are
scaled by heelstrike/video/image.py, which differs by rounding.
"""

import numpy as np
import onnx
import onnxruntime
from jaxtyping import Float, UInt8
from onnx import TensorProto, helper

from heelstrike.preprocess.settings import PAD_VALUE, InputSize

GRAY = (0.299, 0.587, 0.114)
"""Weights of R, G and B in a gray value, from ITU-R BT.601, as in cv2.cvtColor."""


def preprocess_model(size: InputSize, opset: int = 18) -> onnx.ModelProto:
    """Return the graph `image` -> `pixels`, `letterbox`.

    Scaling is linear over half-pixel centres and anti-aliased when it shrinks (ONNX Resize), by the factor that
    heelstrike/preprocess/letterbox.py defines. On interleaved bytes it takes 9 ms for 1920x1080 to 256x256 on one core.

    Args:
        size: Size of the network's input. With one channel, the image is made gray after it is scaled.
        opset: ONNX operator set, at least 18; to merge with a network's graph, it must be that graph's.

    Returns:
        A model with the input `image`, uint8 (H, W, 3), RGB, any size; and the outputs `pixels`, uint8
        (H_in, W_in, C), and `letterbox`, float32 (3,): scale, pad_x, pad_y as in `Letterbox`.
    """
    nodes = [
        *_scale(),
        *(_gray() if size.channels == 1 else [helper.make_node("Identity", ["scaled"], ["coloured"])]),
        *_pad(),
        *_letterbox(),
    ]
    constants: dict[str, np.ndarray] = {
        "hw": np.array([size.height, size.width], np.int64),
        "batch_axis": np.array([0], np.int64),
        "two": np.array([2], np.int64),
        "start": np.array([0], np.int64),
        "pad_axes": np.array([0, 1], np.int64),
        "pad_value": np.array(PAD_VALUE, np.uint8),
    }
    if size.channels == 1:
        constants["gray_weights"] = np.array(GRAY, np.float32)[:, None]
    graph = helper.make_graph(
        nodes,
        "preprocess",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["height", "width", 3])],
        [
            helper.make_tensor_value_info("pixels", TensorProto.UINT8, [size.height, size.width, size.channels]),
            helper.make_tensor_value_info("letterbox", TensorProto.FLOAT, [3]),
        ],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model


def _scale() -> list[onnx.NodeProto]:
    """Scale `image` (H, W, 3) to `scaled` (h, w, 3), which fits into the input and keeps the aspect ratio."""
    return [
        helper.make_node("Unsqueeze", ["image", "batch_axis"], ["batched"]),
        helper.make_node(
            "Resize",
            ["batched", "", "", "hw"],
            ["scaled_batch"],
            mode="linear",
            antialias=1,
            axes=[1, 2],
            coordinate_transformation_mode="half_pixel",
            keep_aspect_ratio_policy="not_larger",
        ),
        helper.make_node("Squeeze", ["scaled_batch", "batch_axis"], ["scaled"]),
    ]


def _gray() -> list[onnx.NodeProto]:
    """Turn `scaled` (h, w, 3) into `coloured` (h, w, 1), which is gray."""
    return [
        helper.make_node("Cast", ["scaled"], ["scaled_float"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["scaled_float", "gray_weights"], ["gray_float"]),
        helper.make_node("Round", ["gray_float"], ["gray_rounded"]),
        helper.make_node("Cast", ["gray_rounded"], ["coloured"], to=TensorProto.UINT8),
    ]


def _pad() -> list[onnx.NodeProto]:
    """Pad `coloured` (h, w, C) to `pixels` (H_in, W_in, C), centred; `before` holds the upper and the left bar."""
    return [
        helper.make_node("Shape", ["coloured"], ["inner_hw"], start=0, end=2),
        helper.make_node("Sub", ["hw", "inner_hw"], ["bars"]),
        helper.make_node("Div", ["bars", "two"], ["before"]),
        helper.make_node("Sub", ["bars", "before"], ["after"]),
        helper.make_node("Concat", ["before", "after"], ["pads"], axis=0),
        helper.make_node("Pad", ["coloured", "pads", "pad_value", "pad_axes"], ["pixels"]),
    ]


def _letterbox() -> list[onnx.NodeProto]:
    """Compute `letterbox` (scale, pad_x, pad_y) from the shape of `image` and the bars."""
    return [
        helper.make_node("Shape", ["image"], ["image_hw"], start=0, end=2),
        helper.make_node("Cast", ["image_hw"], ["image_hw_float"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["hw"], ["hw_float"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["hw_float", "image_hw_float"], ["scales"]),
        helper.make_node("ReduceMin", ["scales", "start"], ["scale"], keepdims=1),
        helper.make_node("Cast", ["before"], ["before_float"], to=TensorProto.FLOAT),
        helper.make_node("Split", ["before_float"], ["pad_y", "pad_x"], axis=0, num_outputs=2),
        helper.make_node("Concat", ["scale", "pad_x", "pad_y"], ["letterbox"], axis=0),
    ]


class Preprocess:
    """The graph in a session of ONNX Runtime; an instance may be called from several threads.

    Args:
        size: Size of the network's input.
        threads: Number of CPU threads that one call may use. The result does not depend on it.
    """

    def __init__(self, size: InputSize, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        model = preprocess_model(size).SerializeToString()
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def __call__(
        self, image: UInt8[np.ndarray, "H W 3"]
    ) -> tuple[UInt8[np.ndarray, "H_in W_in C"], Float[np.ndarray, "3"]]:
        """Scale and pad one RGB image.

        Returns:
            The pixels of the network's input; and scale, pad_x, pad_y as in `Letterbox`.
        """
        pixels, letterbox = self._session.run(["pixels", "letterbox"], {"image": image})
        return pixels, letterbox
