import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from heelstrike.preprocess.letterbox import Letterbox
from heelstrike.preprocess.settings import InputSize
from pipeline.models.build import build_model
from pipeline.models.settings import SpatialSettings
from pipeline.package.export import export_model
from pipeline.prepare.preprocess import Preprocess
from tests.packages import PROBLEM

ROOT = Path(__file__).resolve().parents[3]
NETWORKS = {
    "dsnt": SpatialSettings(name="spatial", width=4, levels=2),
    "softmax": SpatialSettings(name="spatial", width=4, levels=2, codec="softmax"),
}


def fresh(settings, size):
    """A network with weights that are not all at rest: batch statistics and outputs differ from their start."""
    torch.manual_seed(4)
    network = build_model(PROBLEM.model_copy(update={"input": size}), settings)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    network(torch.randint(0, 255, (4, size.height, size.width, size.channels), dtype=torch.uint8))
    return network.eval()


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [InputSize(width=64, height=64), InputSize(width=96, height=64, channels=1)], ids=str)
def test_graph_says_what_torch_says_in_the_pixels_of_images_of_any_size(name, size):
    network = fresh(NETWORKS[name], size)
    session = onnxruntime.InferenceSession(export_model(network, size).SerializeToString())
    scale, rng = Preprocess(size), np.random.default_rng(5)
    for height, width in ((48, 64), (270, 480), (401, 199)):
        image = rng.integers(0, 255, (height, width, 3), np.uint8)
        pixels, letterbox = scale(image)
        back = Letterbox(*map(float, letterbox))
        with torch.inference_mode():
            expected = network.predict(torch.from_numpy(pixels)[None])
        keypoints, confidence, box = session.run(["keypoints", "confidence", "box"], {"image": image})
        np.testing.assert_allclose(keypoints, back.backward(expected["keypoints"][0].numpy()), atol=0.01)
        np.testing.assert_allclose(confidence, expected["confidence"][0].numpy(), atol=1e-5)
        np.testing.assert_allclose(box, back.backward_boxes(expected["boxes"][0].numpy()), atol=0.01)


@pytest.mark.slow
def test_same_weights_give_the_same_bytes_in_every_process_and_tell_nothing_of_the_machine():
    """Fresh processes, as the stage's: one that has exported before numbers its values on."""
    code = (
        "import sys; from tests.pipeline.package.test_export import fresh, NETWORKS, InputSize;"
        "from pipeline.package.export import export_model; size = InputSize(width=64, height=64);"
        "graph = export_model(fresh(NETWORKS['dsnt'], size), size).SerializeToString(deterministic=True);"
        "sys.stdout.buffer.write(graph)"
    )

    def exported(seed: str) -> bytes:
        environment = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, env=environment, check=True)
        return done.stdout

    graph = exported("1")
    assert graph
    assert graph == exported("2")
    for trace in (str(ROOT).encode(), b"site-packages", b".py", b"pytorch"):
        assert trace not in graph
