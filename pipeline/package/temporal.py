"""The temporal model of a package: its graph, checked against the trained model."""

from pathlib import Path

import numpy as np
import onnx
import torch
from jaxtyping import Float
from torch import Tensor

from heelstrike.errors import UserError
from heelstrike.package.over_time_settings import OverTime
from heelstrike.package.runtime import Package
from heelstrike.package.temporal import GRAPH, INPUTS, OUTPUTS
from heelstrike.preprocess.windows import Window
from pipeline.evaluate.temporal.result import TEMPORAL, Verdict
from pipeline.layout import Layout
from pipeline.models.temporal import Temporal
from pipeline.models.temporal.predict import Windows, predict_temporal
from pipeline.models.temporal.saved import load_temporal
from pipeline.package.export import export_graph

_OPSET = 18
_CHECKED = 32  # windows
_CLOSE = 1e-4  # shares of the size, and relative difference of spreads


class _Tuple(torch.nn.Module):
    """A temporal network whose answer is a plain tuple."""

    def __init__(self, network: Temporal) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, points: Float[Tensor, "1 W K 2"], confidence: Float[Tensor, "1 W K"]
    ) -> tuple[Float[Tensor, "1 K 2"], Float[Tensor, "1 K"]]:
        """Return places and spreads."""
        answer = self.network(points, confidence)
        return answer.points, answer.spread


def read_verdict(layout: Layout) -> Verdict | None:
    """Return what the evaluate stage says of the temporal model; `None` if there is none.

    Raises:
        UserError: The file is missing, although there is a temporal model.
    """
    path = layout.out("evaluate") / TEMPORAL
    if not path.is_file():
        if load_temporal(layout.out("train")) is None:
            return None
        raise UserError(f"{path}: not there; run the evaluate stage first")
    text = path.read_text()
    return None if text.strip() == "null" else Verdict.model_validate_json(text)


def export_temporal(network: Temporal, slots: int, points: int) -> onnx.ModelProto:
    """Return the graph of one window. The same weights give the same bytes."""
    example = (torch.zeros(1, slots, points, 2), torch.zeros(1, slots, points))
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # it has no counterpart in ONNX
    try:
        return export_graph(_Tuple(network.eval()), example, INPUTS, OUTPUTS, _OPSET)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def write_temporal(layout: Layout, verdict: Verdict | None, folder: Path) -> OverTime | None:
    """Write the graph into a package's folder if the temporal model is to be used; return the manifest's settings.

    Raises:
        UserError: The evaluate stage judged a temporal model that is not there.
    """
    if verdict is None or not verdict.kept:
        return None
    loaded = load_temporal(layout.out("train"))
    if loaded is None:
        raise UserError(f"{layout.out('train')}: the evaluated temporal model is not there; run the train stage again")
    network, plan = loaded
    graph = export_temporal(network, plan.slots, plan.points)
    (folder / GRAPH).write_bytes(graph.SerializeToString(deterministic=True))
    return verdict.settings


def check_temporal(package: Package, layout: Layout, seed: int = 1) -> None:
    """Compare the package's temporal model with the trained one on random windows; nothing without one.

    Raises:
        UserError: They differ.
    """
    loaded = load_temporal(layout.out("train"))
    if package.temporal is None or loaded is None:
        return
    network, plan = loaded
    rng = np.random.default_rng(seed)
    shape = (_CHECKED, plan.slots, plan.points)
    arrays = Windows(
        rng.normal(0, 0.4, (*shape, 2)).astype(np.float32),
        rng.uniform(size=shape).astype(np.float32),
        np.zeros((_CHECKED, plan.points, 2), np.float32),
    )
    expected = predict_temporal(network, arrays)
    known = np.ones(plan.points, bool)
    for n in range(_CHECKED):
        window = Window(arrays.points[n], arrays.confidence[n], known, np.zeros(2), 1.0, plan.slots)
        places, spread = package.temporal.run(window)
        apart = float(np.abs(places - expected[0][n]).max())
        unlike = float(np.abs(spread / expected[1][n] - 1).max())
        if not (apart <= _CLOSE and unlike <= _CLOSE):
            raise UserError(
                f"{GRAPH}: ONNX and torch differ by {apart:.3g} of the keypoints' size and by {unlike:.3g} of the "
                f"spread, allowed are {_CLOSE:g}; no package was written"
            )
