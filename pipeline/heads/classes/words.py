"""What the report says about classes."""

from pipeline.heads.words import EvaluationResults, HeadWords
from pipeline.scoring.format import number, share, span
from pipeline.scoring.score import Groups

CAPTIONS = {
    "confusion": "Rows: true class; columns: predicted class. Everything off the diagonal is wrong.",
    "calibration": "The share of right predictions at each probability: dots on the diagonal mean that the probability "
    "is the frequency of right predictions. The bars count predictions. ECE is the mean distance from the diagonal.",
    "right_and_wrong": "Which parts of the image the model used (Grad-CAM: Selvaraju et al. 2017): warm areas support "
    "the predicted class. A model that uses areas beside the ankle has learned something else.",
}


def verdict(metrics: Groups) -> str:
    """Accuracy with its interval and the mean F1, and a warning if the interval is wide."""
    scores = metrics["class"]
    width = scores["accuracy_high"] - scores["accuracy_low"]
    text = (
        f"The model is right on {share(scores['accuracy'])} of {scores['images']:.0f} images; with so many, the true "
        f"rate lies between {share(scores['accuracy_low'])} and {share(scores['accuracy_high'])} (95 %, Wilson). "
        f"The mean F1 of the classes is {number(scores['macro_f1'])}."
    )
    if width > 0.1:
        text += (
            " That is too wide an interval to tell good models apart: compare them on the same images, or label more."
        )
    return text


def rows(metrics: Groups, categories: tuple[str, ...]) -> list[list[str]]:
    """Rows for accuracy, F1, precision, recall and calibration, then a row for each class."""
    scores = metrics["class"]
    listed = [
        [
            "accuracy",
            share(scores["accuracy"]),
            span(100 * scores["accuracy_low"], 100 * scores["accuracy_high"], " %"),
            "share of right predictions; Wilson's interval",
        ],
        ["macro F1", number(scores["macro_f1"]), "–", "mean over classes with equal weight"],
        ["weighted precision", number(scores["weighted_precision"]), "–", "weighted by the images of each class"],
        ["weighted recall", number(scores["weighted_recall"]), "–", "the same as the accuracy"],
        ["weighted F1", number(scores["weighted_f1"]), "–", "weighted by the images of each class"],
        ["calibration error (ECE)", number(scores["ece"]), "–", "mean difference of probability and share right"],
    ]
    for category in categories:
        own = metrics[f"class_{category}"]
        listed.append(
            [
                f"{category}: F1",
                number(own["f1"]),
                "–",
                f"precision {number(own['precision'])}, recall {number(own['recall'])} "
                f"({span(own['recall_low'], own['recall_high'])}) of {own['images']:.0f} images",
            ]
        )
    return listed


class ClassWords(HeadWords):
    """Describes the class head."""

    captions = CAPTIONS
    sheets = ("right_and_wrong",)
    figures = ("confusion", "calibration")

    def verdict(self, results: EvaluationResults) -> str:
        """Accuracy and F1."""
        return verdict(results.metrics)

    def rows(self, results: EvaluationResults) -> list[list[str]]:
        """The scores over all classes and of each class."""
        return rows(results.metrics, results.problem.classes)


WORDS = ClassWords()
