"""What evaluation knows of each head's answers: one object each, for the heads that the network has.

To add one, add a file with a subclass of `Head` and make it in `heads_of`.
"""

from heelstrike.measure.base import Measure
from heelstrike.measure.exam import ExamMeasure
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.heads.box.evaluation import BoxHead
from pipeline.heads.classes.evaluation import ClassHead
from pipeline.heads.detections.evaluation import DetectionHead
from pipeline.heads.evaluation import Head, Statistic
from pipeline.heads.keypoints.coverage import Promise
from pipeline.heads.keypoints.evaluation import KeypointHead
from pipeline.heads.keypoints.exams import ExamHead
from pipeline.scoring.cases import Predicted, Truth


def heads_of(
    truth: Truth,
    predicted: Predicted,
    measure: Measure | None,
    settings: EvaluateSettings,
    threshold: float = 0.0,
    kinds: tuple[str, ...] = (),
    promise: Promise | None = None,
    exam_measure: ExamMeasure | None = None,
) -> list[Head]:
    """The heads that said something; the first one's error is what images are ranked by.

    Args:
        truth: The split.
        predicted: What the model says about it.
        measure: What is read off the keypoints; none: nothing.
        settings: Bands and bootstrap.
        threshold: Confidence below which a consumer takes a point for missing.
        kinds: Names of the classes.
        promise: How far keypoints may be off, to be checked; none: nothing is said of it.
        exam_measure: What is read off the keypoints of an exam's images together; none: nothing.
    """
    heads: list[Head] = []
    if predicted.keypoints is not None and predicted.confidence is not None:
        heads.append(
            KeypointHead(truth, predicted.keypoints, predicted.confidence, measure, settings, threshold, promise)
        )
        if exam_measure is not None:
            heads.append(ExamHead(truth, predicted.keypoints, predicted.confidence, exam_measure, settings))
    if predicted.boxes is not None:
        heads.append(BoxHead(truth, predicted.boxes, settings))
    if predicted.probabilities is not None:
        heads.append(ClassHead(truth, predicted.probabilities, kinds))
    if predicted.objects is not None:
        heads.append(DetectionHead(truth, predicted.objects, kinds, threshold))
    return heads


__all__ = ["BoxHead", "ClassHead", "DetectionHead", "ExamHead", "Head", "KeypointHead", "Statistic", "heads_of"]
