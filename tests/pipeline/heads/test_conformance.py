"""Every registered head through the same tests."""

import numpy as np
import pandas as pd
import pytest
import torch

from heelstrike.heads.registry import HEADS as CONSUMER
from heelstrike.preprocess.settings import InputSize
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.heads import HEADS, Head, misfit_of
from pipeline.heads.arrays import Batch
from pipeline.heads.error import ErrorMetric
from pipeline.heads.evaluation import Answers, HeadEvaluation, Scores, scores_of
from pipeline.heads.export import HeadExport
from pipeline.heads.training import training_of
from pipeline.heads.words import EvaluationResults, HeadWords
from pipeline.models.build import build_model
from pipeline.models.network import Network
from pipeline.models.settings import (
    ArchitectureSettings,
    ClassifierSettings,
    DetectorSettings,
    SpatialSettings,
    StackBackbone,
)
from pipeline.problem import Problem
from pipeline.scoring.cases import Truth
from pipeline.train.settings import TrainSettings

SIZE = InputSize(width=64, height=64)
ONE = Problem(keypoints=("a", "b", "c"), classes=("left", "right"), input=SIZE)
MULTI_INSTANCE = Problem(classes=("ball", "cube"), multi_instance=True, input=SIZE)
SPATIAL = SpatialSettings(name="spatial", width=4, levels=2)
NETWORKS: dict[str, tuple[Problem, ArchitectureSettings]] = {
    "keypoints": (ONE, SPATIAL),
    "box": (ONE, SPATIAL),
    "class": (ONE, ClassifierSettings(name="classifier", backbone=StackBackbone(channels=(4, 4)), hidden=4)),
    "detections": (MULTI_INSTANCE, DetectorSettings(name="detector", channels=(4, 4, 8, 8), depth=(0, 0, 0, 0))),
}


def network_of(head: Head) -> Network:
    """A tiny network that has it."""
    torch.manual_seed(1)
    return build_model(*NETWORKS[head.name])


def batch(labelled: bool) -> Batch:
    """Two images: everything labelled, or nothing."""
    points = torch.tensor([[[10.0, 20.0], [33.0, 41.0], [48.0, 12.0]]] * 2)
    objects = torch.tensor([[[8.0, 8.0, 24.0, 24.0, 1.0]], [[30.0, 30.0, 16.0, 16.0, 0.0]]])
    known = torch.tensor([[10.0, 12.0, 38.0, 29.0]] * 2)
    generator = torch.Generator().manual_seed(1)
    return Batch(
        torch.randint(0, 256, (2, 64, 64, 3), generator=generator, dtype=torch.uint8),
        points,
        torch.full((2, 3), 2 if labelled else 0, dtype=torch.uint8),
        known if labelled else torch.zeros(2, 4),
        torch.tensor([0, 1] if labelled else [-1, -1]),
        objects if labelled else torch.full_like(objects, torch.nan),
    )


def truth() -> Truth:
    """The labels of `batch`, in images of the network's size."""
    labels = batch(True)
    index = pd.DataFrame({"image": ["a.png", "b.png"], "subject": ["s", "t"], "width": 64, "height": 64})
    index = index.assign(mm_per_px=np.nan, mirrored=False)
    arrays = (labels.keypoints, labels.visibility, labels.boxes)
    letterbox = np.tile([1.0, 0.0, 0.0], (2, 1))
    rest = {"classes": labels.classes.numpy(), "objects": labels.objects.double().numpy()}
    return Truth(index, *(array.numpy() for array in arrays), letterbox, **rest)


def perfect() -> dict[str, dict[str, np.ndarray]]:
    """What each head would predict if it knew the labels."""
    labels = truth()
    assert labels.objects is not None
    objects = np.concatenate([labels.objects, np.tile([0.9, 0.0], (2, 1, 1))], axis=2)
    return {
        "keypoints": {"keypoints": labels.keypoints.astype(float), "confidence": np.full((2, 3), 0.9)},
        "box": {"boxes": labels.boxes.astype(float)},
        "class": {"probabilities": np.array([[0.9, 0.1], [0.2, 0.8]])},
        "detections": {"objects": objects},
    }


def scores_for(head: Head, predictions: dict[str, np.ndarray]) -> Scores:
    settings = EvaluateSettings(bootstrap=100, coverage=None)
    (scores,) = scores_of(Answers(truth(), predictions, NETWORKS[head.name][0], settings, 0.5))
    return scores


def test_every_head_is_tested() -> None:
    assert set(NETWORKS) == set(HEADS)


@pytest.mark.parametrize("head", HEADS.values(), ids=list(HEADS))
class TestHead:
    def test_its_room_has_every_facet(self, head: Head) -> None:
        for facet in (HeadEvaluation, HeadWords, HeadExport, ErrorMetric):
            assert isinstance(facet.of(head), facet)
        assert training_of(head).progress_figures

    def test_a_problem_that_it_serves_and_one_that_it_does_not(self, head: Head) -> None:
        problem, settings = NETWORKS[head.name]
        assert misfit_of(settings, problem) is None
        assert misfit_of(settings, MULTI_INSTANCE if problem is ONE else ONE)

    def test_the_network_predicts_its_outputs(self, head: Head) -> None:
        predictions = network_of(head).eval().predict(batch(True).pixels)
        assert set(head.outputs) <= set(predictions)
        assert all(len(predictions[name]) == 2 for name in head.outputs)

    def test_losses_are_finite_weighted_and_teach(self, head: Head) -> None:
        network, labels, settings = network_of(head), batch(True), TrainSettings()
        losses = training_of(head).losses(network, network(labels.pixels), labels, settings)
        assert set(losses) == set(training_of(head).weights(settings))
        total = torch.stack(list(losses.values())).sum()
        assert torch.isfinite(total) and total > 0
        total.backward()
        assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())

    def test_what_is_not_labelled_has_no_position_to_learn(self, head: Head) -> None:
        """What is there at all can be learned from its absence, positions and classes cannot."""
        network, labels, settings = network_of(head), batch(False), TrainSettings()
        losses = training_of(head).losses(network, network(labels.pixels), labels, settings)
        absence = {"presence", "objectness", "box"}  # the codec of the box learns a box without area
        assert all(torch.isfinite(loss) for loss in losses.values())
        assert all(loss == 0 for name, loss in losses.items() if name not in absence)

    def test_figures_of_an_epoch_hold_what_is_scored_and_shown(self, head: Head) -> None:
        network, labels, training = network_of(head).eval(), batch(True), training_of(head)
        figures = training.new_figures(network)
        with torch.inference_mode():
            for _ in range(2):
                figures.add(network.predict(labels.pixels), labels)
        row = figures.figures()
        assert set(training.progress_figures) <= set(row)
        assert np.isfinite([training.score(row), training.early_score(row)]).all()

    def test_perfect_answers_have_no_error_and_are_put_into_words(self, head: Head) -> None:
        scores = scores_for(head, perfect()[head.name])
        assert scores.headlines()[0].value == pytest.approx(0.0, abs=1e-6)
        problem = NETWORKS[head.name][0]
        metrics = scores.groups()
        assert head.name in metrics and head.headlines[0] in metrics[head.name]
        results = EvaluationResults(metrics, problem, EvaluateSettings(), None)
        words = HeadWords.of(head)
        assert words.verdict(results).endswith(".")
        assert {len(row) for row in words.rows(results)} == {4}

    def test_an_answer_that_is_no_number_has_an_infinite_error(self, head: Head) -> None:
        metric, cases = ErrorMetric.of(head), scores_for(head, perfect()[head.name]).cases
        answers = {name: np.array(values) for name, values in cases.answers.items()}
        first = answers[head.outputs[0]]
        first[0, ..., :1] = np.nan
        errors = metric.errors(cases.answered(answers))
        assert np.isinf(errors.error).tolist() == [True, False]
        assert np.isinf(metric.score_of(errors).value)

    def test_the_consumer_knows_its_outputs(self, head: Head) -> None:
        assert CONSUMER[head.name].outputs == HeadExport.of(head).outputs

    def test_its_figures_have_captions(self, head: Head) -> None:
        words = HeadWords.of(head)
        assert {*words.sheets, *words.figures} <= set(words.captions)
