"""What the report says about any number of instances in an image."""

from pipeline.heads.words import EvaluationResults, HeadWords
from pipeline.scoring.format import number, share
from pipeline.scoring.score import Groups

CAPTIONS = {
    "detection_sheet": "Orange: labelled. Blue: predictions that a consumer gets, with class and score. Each title has "
    "1 - F1 of the image.",
    "precision": "Average precision of each class: the mean over IoU thresholds 0.50 to 0.95, and at 0.50.",
    "scales": "How many of the correctly predicted instances of each class come from each scale of the detector. "
    "Anchors decide this: small instances belong to the fine scale, large ones to the coarse scale.",
    "coverage": "The share of the labelled boxes of each class that an anchor of the scale overlaps by at least the "
    "IoU of a positive anchor. A class that no scale covers can hardly be learned.",
    "activation": "Mean strength of the features from which each scale predicts, over one image.",
}


def verdict(metrics: Groups) -> str:
    """Average precision, precision and recall."""
    scores = metrics["detections"]
    return (
        f"Average precision is {number(scores['ap'])} (COCO's, mean over IoU 0.50 to 0.95), {number(scores['ap50'])} "
        f"at IoU 0.50 and {number(scores['ap75'])} at 0.75. At the consumer's threshold {share(scores['precision'])} "
        f"of the predictions are right and {share(scores['recall'])} of the instances are found."
    )


def rows(metrics: Groups, categories: tuple[str, ...]) -> list[list[str]]:
    """Rows for average precision of all instances, by size and by class, and for F1."""
    scores = metrics["detections"]
    listed = [["AP", number(scores["ap"]), "–", f"AP50 {number(scores['ap50'])}, AP75 {number(scores['ap75'])}"]]
    listed += [
        [f"AP of {size} instances", number(scores[f"ap_{size}"]), "–", meaning]
        for size, meaning in (
            ("small", "area below 32 x 32 original pixels"),
            ("medium", "up to 96 x 96"),
            ("large", "above"),
        )
    ]
    listed += [
        [f"AP of {category}", number(own["ap"]), "–", f"AP50 {number(own['ap50'])}"]
        for category in categories
        if (own := metrics.get(f"detections_{category}"))
    ]
    precision_recall = f"precision {share(scores['precision'])}, recall {share(scores['recall'])}"
    return [*listed, ["F1", number(scores["f1"]), "–", f"{precision_recall}, at IoU 0.5 and the consumer's threshold"]]


class DetectionWords(HeadWords):
    """Describes the detector's head."""

    captions = CAPTIONS
    sheets = ("detection_sheet",)
    figures = ("precision", "scales", "coverage", "activation")

    def verdict(self, results: EvaluationResults) -> str:
        """Average precision, precision and recall."""
        return verdict(results.metrics)

    def rows(self, results: EvaluationResults) -> list[list[str]]:
        """Average precision and F1."""
        return rows(results.metrics, results.problem.categories)


WORDS = DetectionWords()
