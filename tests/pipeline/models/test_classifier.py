"""The classifier: the published sizes, probabilities, and the same answers from its package."""

from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from heelstrike.errors import UserError
from heelstrike.preprocess.settings import InputSize
from pipeline.heads import misfit_of
from pipeline.models.build import build_model
from pipeline.models.classifier import Classifier
from pipeline.models.inference import predict_arrays
from pipeline.models.settings import ClassifierSettings, ExtractorBackbone, StackBackbone, TimmBackbone
from pipeline.package.export import export_model
from pipeline.prepare.preprocess import Preprocess
from pipeline.problem import Problem

CLASSES = ("pronation", "neutral", "supination")
SMALL = StackBackbone(channels=(4, 8))
CASES = [
    ClassifierSettings(name="classifier", backbone=SMALL, hidden=8),
    ClassifierSettings(name="classifier", backbone=SMALL, hidden=0, pool="average"),
    ClassifierSettings(
        name="classifier", backbone=TimmBackbone(name="timm", encoder="test_resnet"), hidden=0, pool="average"
    ),
]


def classifier(settings: ClassifierSettings, side: int = 48) -> Classifier:
    torch.manual_seed(1)
    network = build_model(Problem(classes=CLASSES, input=InputSize(width=side, height=side)), settings)
    assert isinstance(network, Classifier)
    return network


@pytest.mark.parametrize(
    ("settings", "millions"),
    [
        ({"backbone": StackBackbone(channels=(16, 32, 64)), "hidden": 64}, 3.2),
        ({"backbone": ExtractorBackbone(name="resnet18"), "hidden": 0, "pool": "average"}, 11.2),
    ],
)
def test_the_published_networks_have_the_published_sizes(settings: dict[str, Any], millions: float) -> None:
    network = classifier(ClassifierSettings(name="classifier", **settings), side=224)
    count = sum(p.numel() for p in network.parameters())
    assert count / 1e6 == pytest.approx(millions, abs=0.05)


@pytest.mark.parametrize("settings", CASES, ids=["small", "pooled", "timm"])
class TestClassifier:
    def test_probabilities(self, settings: ClassifierSettings) -> None:
        network = classifier(settings).eval()
        pixels = torch.randint(0, 256, (2, 48, 48, 3), dtype=torch.uint8)
        probabilities = network.predict(pixels)["probabilities"]
        assert probabilities.shape == (2, 3)
        assert torch.allclose(probabilities.sum(dim=1), torch.ones(2), atol=1e-5)

    def test_temperature_changes_how_sure_but_not_what(self, settings: ClassifierSettings) -> None:
        network = classifier(settings).eval()
        raw = {"class": torch.tensor([[2.0, 1.0, -1.0]])}
        before = network.read_out(raw)["probabilities"]
        network.temperature.fill_(2.0)
        after = network.read_out(raw)["probabilities"]
        assert before.argmax() == after.argmax()
        assert before.max() > after.max()

    def test_the_package_says_what_the_network_says(self, settings: ClassifierSettings) -> None:
        network = classifier(settings).eval()
        for parameter in network.parameters():
            if not parameter.abs().sum():
                torch.nn.init.normal_(parameter, std=0.3)
        network.temperature.fill_(1.5)
        size = network.problem.input
        session = onnxruntime.InferenceSession(export_model(network, size).SerializeToString())
        image = np.random.default_rng(2).integers(0, 255, (60, 90, 3), np.uint8)
        (exported,) = session.run(["probabilities"], {"image": image})
        expected = predict_arrays(network, Preprocess(size)(image)[0][None])["probabilities"]
        np.testing.assert_allclose(exported, expected[0], atol=1e-4)


def test_shares_of_classes_are_learned_from_labels() -> None:
    network = classifier(CASES[0])
    network.learn_classes(torch.tensor([0, 0, 1, -1, 2]))
    assert network.shares.tolist() == pytest.approx([0.5, 0.25, 0.25])


def test_a_problem_without_classes_is_refused() -> None:
    finding = misfit_of(CASES[0], Problem(keypoints=("a",)))
    assert finding == "tells classes apart, but problem.classes names none"


def test_what_timm_cannot_give_is_named() -> None:
    def built(**backbone: Any) -> Classifier:
        return classifier(ClassifierSettings(name="classifier", backbone=TimmBackbone(name="timm", **backbone)))

    with pytest.raises(UserError, match=r"model\.backbone\.encoder: 'no_such_net' is no encoder of timm"):
        built(encoder="no_such_net")
    with pytest.raises(UserError, match=r"multiple is 16, but a cell of test_resnet's last map covers 32 px"):
        built(encoder="test_resnet", multiple=16)
