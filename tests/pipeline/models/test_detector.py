"""The detector: anchors, matching, suppression, and the same answers from its package."""

import numpy as np
import onnxruntime
import pytest
import torch

from heelstrike.files import write_json
from heelstrike.heads.prediction import Prediction
from heelstrike.preprocess.letterbox import Letterbox
from heelstrike.preprocess.settings import InputSize
from pipeline.heads import misfit_of
from pipeline.heads.detections import DETECTIONS
from pipeline.heads.export import HeadExport
from pipeline.models.anchors import BACKGROUND, IGNORE, boxes_of, make_anchors, match, offsets_of
from pipeline.models.build import build_model, load_trained, save_weights
from pipeline.models.detector import Detector
from pipeline.models.inference import predict_arrays
from pipeline.models.settings import DetectorSettings
from pipeline.package.export import export_model
from pipeline.prepare.preprocess import Preprocess
from pipeline.problem import Problem

SIZE = InputSize(width=75, height=50)
PROBLEM = Problem(classes=("circle", "square"), multi_instance=True, input=SIZE)
SETTINGS = DetectorSettings(
    name="detector", channels=(4, 4, 8, 8), depth=(0, 0, 0, 1), anchors=((6, 9), (12, 18), (24, 36)), most=8
)


@pytest.fixture
def network() -> Detector:
    torch.manual_seed(1)
    network = build_model(PROBLEM, SETTINGS)
    assert isinstance(network, Detector)
    return network.eval()


def ideal(network: Detector, objects: list[tuple[list[float], int, float]]) -> dict[str, torch.Tensor]:
    """Raw outputs of a network that is right: the anchors that overlap each object most say so, with a logit."""
    count = len(network.anchors)
    raw = {"objectness": torch.full((1, count), -20.0), "offsets": torch.zeros(1, count, 4)}
    raw["kind"] = torch.zeros(1, count, network.kinds)
    for corners, kind, logit in objects:
        box = torch.tensor([corners])
        anchor = int((match(network.anchors, box, 0.99, 0.98) >= 0).nonzero()[0])
        raw["objectness"][0, anchor] = logit
        raw["kind"][0, anchor, kind] = 20.0
        raw["offsets"][0, anchor] = offsets_of(network.anchors[anchor], box[0])
    return raw


def test_anchors_lie_on_cells_centres() -> None:
    anchors = make_anchors(2, 3, 4, (16.0, 24.0))
    assert anchors.shape == (12, 4)
    assert anchors[0].tolist() == [1.5 - 8, 1.5 - 8, 1.5 + 8, 1.5 + 8]
    assert anchors[3].tolist() == [5.5 - 12, 1.5 - 12, 5.5 + 12, 1.5 + 12]


def test_matching_by_overlap() -> None:
    anchors = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 6], [0, 0, 10, 4], [20, 20, 30, 30], [40, 40, 48, 48]])
    boxes = torch.tensor([[0.0, 0, 10, 10], [40, 40, 60, 60]])
    matches = match(anchors, boxes, positive=0.5, negative=0.3)
    # the last overlaps by 0.16 only, but no other anchor is nearer to its box
    assert matches.tolist() == [0, 0, IGNORE, BACKGROUND, 1]
    assert match(anchors, boxes[:0], 0.5, 0.3).tolist() == [BACKGROUND] * 5


def test_offsets_and_back() -> None:
    anchors = torch.tensor([[0.0, 0, 10, 10], [5, 5, 25, 25]])
    boxes = torch.tensor([[1.0, 2, 7, 12], [0, 0, 40, 22]])
    assert torch.allclose(boxes_of(anchors, offsets_of(anchors, boxes)), boxes, atol=1e-4)


def test_an_ideal_output_is_read_out_as_the_truth(network: Detector) -> None:
    objects = [([4.0, 5.0, 12.0, 13.0], 0, 3.0), ([20.0, 10.0, 50.0, 40.0], 1, 6.0)]
    decoded = network.read_out(ideal(network, objects))["objects"]
    assert decoded.shape == (1, 8, 7)
    known = decoded[0, decoded[0, :, 5] > 0]
    assert torch.allclose(known[:, :4], torch.tensor([[20.0, 10, 30, 30], [4, 5, 8, 8]]), atol=1e-3)
    assert known[:, 4].tolist() == [1, 0]
    assert known[:, 5].tolist() == pytest.approx(torch.sigmoid(torch.tensor([6.0, 3.0])).tolist(), abs=1e-3)
    assert known[:, 6].tolist() == [2, 0], "the scale whose anchors are of that size"


def test_of_two_answers_for_one_thing_the_surer_stays_and_classes_do_not_suppress_each_other(network: Detector) -> None:
    twice = ideal(network, [([20.0, 10.0, 50.0, 40.0], 1, 6.0), ([4.0, 20.0, 12.0, 28.0], 1, 2.0)])
    anchor = int(twice["objectness"][0].argmax())
    other = anchor + 2  # the next cell's anchor of that side, saying the same box
    for name in ("kind", "objectness"):
        twice[name][0, other] = twice[name][0, anchor]
    twice["objectness"][0, other] = 1.0
    box = boxes_of(network.anchors[anchor], twice["offsets"][0, anchor])
    twice["offsets"][0, other] = offsets_of(network.anchors[other], box)
    decoded = network.read_out(twice)["objects"]
    assert int((decoded[0, :, 5] > 0).sum()) == 2
    twice["kind"][0, other] = torch.tensor([20.0, 0.0])
    decoded = network.read_out(twice)["objects"]
    assert int((decoded[0, :, 5] > 0).sum()) == 3


def test_the_package_says_what_the_network_says(network: Detector, tmp_path) -> None:
    torch.manual_seed(3)
    for scale in network.scales:
        torch.nn.init.normal_(scale[-1].weight, std=0.3)  # type: ignore[index,union-attr]
        torch.nn.init.zeros_(scale[-1].bias)  # type: ignore[index,union-attr]
    save_weights(network, tmp_path / "weights.safetensors")
    dump = {"problem": PROBLEM.model_dump(mode="json"), "model": SETTINGS.model_dump(mode="json")}
    write_json(tmp_path / "settings.json", dump)
    network = load_trained(tmp_path)  # type: ignore[assignment]
    session = onnxruntime.InferenceSession(export_model(network, SIZE).SerializeToString())
    image = np.random.default_rng(5).integers(0, 255, (91, 67, 3), np.uint8)
    pixels, letterbox = Preprocess(SIZE)(image)
    names = [output.name for output in session.get_outputs()]
    exported = dict(zip(names, session.run(None, {"image": image}), strict=True))
    assert set(exported) == {"boxes", "scores", "classes"}
    assert 0 < len(exported["boxes"]) <= SETTINGS.most
    assert (np.diff(exported["scores"]) <= 0).all()
    head, back = HeadExport.of(DETECTIONS), Letterbox(*map(float, letterbox))
    expected = predict_arrays(head.reference(network), pixels[None])["objects"]
    one = {"objects": expected[0]}
    apart, unsure = head.apart(network, Prediction(**exported), one, back)
    assert apart < 0.01
    assert unsure < 1e-4
    # what a package must not do: leave an instance out, say one twice, move a box
    fewer = {name: value[1:] for name, value in exported.items()}
    twice = {name: np.concatenate([value, value[:1]]) for name, value in exported.items()}
    assert head.apart(network, Prediction(**fewer), one, back)[0] == np.inf
    assert head.apart(network, Prediction(**twice), one, back)[0] == np.inf
    moved = {**exported, "boxes": exported["boxes"] + 0.2}
    assert head.apart(network, Prediction(**moved), one, back)[0] == pytest.approx(0.2, abs=0.02)


def test_what_it_is_for_must_be_said() -> None:
    finding = misfit_of(SETTINGS, PROBLEM.model_copy(update={"multi_instance": False}))
    assert finding == "finds any number of instances; set `multi_instance: true` in problem"
