"""What the report says about any number of instances in an image."""

from pipeline.heads.words import Findings, Groups, HeadWords
from pipeline.scoring.format import number, share

CAPTIONS = {
    "detection_sheet": "Orange: labelled. Blue: answers that a consumer gets, with class and score. Each title has "
    "1 - F1 of the image.",
    "precision": "Average precision of each class: the mean over IoU thresholds 0.50 to 0.95, and at 0.50.",
    "scales": "Which of the detector's maps found the instances of each class that were found. Anchors decide it: "
    "small things on the fine map, large ones on the coarse map.",
    "coverage": "How well any anchor of a scale fits the labelled boxes of each class: the share that one overlaps by "
    "at least the IoU that makes it learn them. A class that no scale covers can hardly be found.",
    "activation": "Mean strength of the features that each scale's answers are read from, over one image.",
}


def verdict(metrics: Groups) -> str:
    """One sentence."""
    found = metrics["detections"]
    return (
        f"Average precision is {number(found['ap'])} (COCO's, mean over IoU 0.50 to 0.95), {number(found['ap50'])} at "
        f"IoU 0.50 and {number(found['ap75'])} at 0.75. At the consumer's threshold {share(found['precision'])} of the "
        f"answers are right and {share(found['recall'])} of the instances are found."
    )


def rows(metrics: Groups, kinds: tuple[str, ...]) -> list[list[str]]:
    """Value, interval and meaning."""
    found = metrics["detections"]
    told = [["AP", number(found["ap"]), "–", f"AP50 {number(found['ap50'])}, AP75 {number(found['ap75'])}"]]
    told += [
        [f"AP of {size} instances", number(found[f"ap_{size}"]), "–", meaning]
        for size, meaning in (
            ("small", "area below 32 x 32 original pixels"),
            ("medium", "up to 96 x 96"),
            ("large", "above"),
        )
    ]
    told += [
        [f"AP of {kind}", number(own["ap"]), "–", f"AP50 {number(own['ap50'])}"]
        for kind in kinds
        if (own := metrics.get(f"detections_{kind}"))
    ]
    f1 = f"right {share(found['precision'])}, found {share(found['recall'])}, at IoU 0.5 and the consumer's threshold"
    return [*told, ["F1", number(found["f1"]), "–", f1]]


class DetectionWords(HeadWords):
    """See `HeadWords`."""

    captions = CAPTIONS
    sheets = ("detection_sheet",)
    figures = ("precision", "scales", "coverage", "activation")

    def verdict(self, findings: Findings) -> str:
        """See `HeadWords`."""
        return verdict(findings.metrics)

    def rows(self, findings: Findings) -> list[list[str]]:
        """See `HeadWords`."""
        return rows(findings.metrics, findings.problem.kinds)


WORDS = DetectionWords()
