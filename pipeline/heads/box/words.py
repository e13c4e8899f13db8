"""What the report says about boxes."""

from pipeline.heads.words import EvaluationResults, HeadWords
from pipeline.scoring.format import number, span
from pipeline.scoring.score import Groups

CAPTIONS = {
    "boxes": "Left: the dashed lines are the overlaps at which COCO's AP50 and AP75 count a box as found. Right: a "
    "coordinate whose errors are not centred on zero has a bias.",
}


def verdict(metrics: Groups) -> str:
    """One sentence with mean overlap and RMSE."""
    box = metrics["box"]
    return (
        f"The predicted box overlaps the true one by {number(100 - box['iou_loss_percent'], ' %')} on average "
        f"({span(100 - box['iou_loss_percent_high'], 100 - box['iou_loss_percent_low'])}); the RMSE of its coordinates "
        f"at the network's input size is {number(box['rmse_px'])} px ({span(box['rmse_px_low'], box['rmse_px_high'])})."
    )


def rows(metrics: Groups) -> list[list[str]]:
    """Rows for average precision and IoU loss."""
    box = metrics["box"]
    return [
        ["box AP", number(box["ap"]), "–", f"COCO's; AP50 {number(box['ap50'])}, AP75 {number(box['ap75'])}"],
        [
            "box IoU loss",
            number(box["iou_loss_percent"], " %"),
            span(box["iou_loss_percent_low"], box["iou_loss_percent_high"]),
            "1 − mean overlap of predicted and true box",
        ],
    ]


class BoxWords(HeadWords):
    """Describes the box head."""

    captions = CAPTIONS
    figures = ("boxes",)

    def verdict(self, results: EvaluationResults) -> str:
        """Mean overlap and RMSE."""
        return verdict(results.metrics)

    def rows(self, results: EvaluationResults) -> list[list[str]]:
        """Average precision and IoU loss."""
        return rows(results.metrics)


WORDS = BoxWords()
