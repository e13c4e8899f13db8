"""What the report says about classes."""

from pipeline.heads.words import Findings, Groups, HeadWords
from pipeline.scoring.format import number, share, span

CAPTIONS = {
    "confusion": "Rows: what it is; columns: what the model says. What is off the diagonal is wrong.",
    "calibration": "Of the answers given with a probability, how many are right: dots on the diagonal mean that the "
    "probability can be taken at its word. The bars count the answers. ECE is the mean distance from the diagonal.",
    "right_and_wrong": "Where the model looked (Grad-CAM: Selvaraju et al. 2017): warm areas speak for the class that "
    "was answered. A model that looks beside the ankle has learned something else.",
}


def verdict(metrics: Groups) -> str:
    """One sentence, and what so few images can prove."""
    found = metrics["class"]
    wide = found["accuracy_high"] - found["accuracy_low"]
    text = (
        f"The model is right on {share(found['accuracy'])} of {found['images']:.0f} images; with so many, the true "
        f"rate lies between {share(found['accuracy_low'])} and {share(found['accuracy_high'])} (95 %, Wilson). "
        f"The mean F1 of the classes is {number(found['macro_f1'])}."
    )
    if wide > 0.1:
        text += (
            " That is too wide an interval to tell good models apart: compare them on the same images, or label more."
        )
    return text


def rows(metrics: Groups, kinds: tuple[str, ...]) -> list[list[str]]:
    """Value, interval and meaning."""
    found = metrics["class"]
    means = [
        [
            "accuracy",
            share(found["accuracy"]),
            span(100 * found["accuracy_low"], 100 * found["accuracy_high"], " %"),
            "share of right answers; Wilson's interval",
        ],
        ["macro F1", number(found["macro_f1"]), "–", "mean over classes, each counting alike"],
        ["weighted precision", number(found["weighted_precision"]), "–", "by the images of each class"],
        ["weighted recall", number(found["weighted_recall"]), "–", "the same as the accuracy"],
        ["weighted F1", number(found["weighted_f1"]), "–", "by the images of each class"],
        ["calibration error (ECE)", number(found["ece"]), "–", "mean distance of probability and share right"],
    ]
    for kind in kinds:
        own = metrics[f"class_{kind}"]
        means.append(
            [
                f"{kind}: F1",
                number(own["f1"]),
                "–",
                f"precision {number(own['precision'])}, recall {number(own['recall'])} "
                f"({span(own['recall_low'], own['recall_high'])}) of {own['images']:.0f} images",
            ]
        )
    return means


class ClassWords(HeadWords):
    """See `HeadWords`."""

    captions = CAPTIONS
    sheets = ("right_and_wrong",)
    figures = ("confusion", "calibration")

    def verdict(self, findings: Findings) -> str:
        """See `HeadWords`."""
        return verdict(findings.metrics)

    def rows(self, findings: Findings) -> list[list[str]]:
        """See `HeadWords`."""
        return rows(findings.metrics, findings.problem.classes)


WORDS = ClassWords()
