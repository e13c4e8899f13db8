"""What the report says about which keypoints are there."""

import math

from pipeline.scoring.format import number, share

CAPTION = (
    "Left: a good model separates missing from visible points. Middle: dots on the diagonal mean that the confidence "
    "is a probability. Right: whether low confidence warns of large errors."
)


def sentences(presence: dict[str, float]) -> list[str]:
    """How well the confidence separates visible from missing points, if any is missing; and points at one place."""
    text = []
    if not math.isnan(presence["auroc"]):
        text.append(
            f"{share(presence['missing_called_visible_share'])} of the missing points are called visible, and "
            f"{share(presence['visible_called_missing_share'])} of the visible points are called missing. The "
            f"confidence separates the two with an AUROC of {number(presence['auroc'])} (1 is perfect, 0.5 is chance)."
        )
    if (coinciding := presence["coinciding_share"]) > 0:
        text.append(
            f"For each 1,000 points that are called visible there are {number(1000 * coinciding)} pairs of points at "
            "the same place: one marker with two names."
        )
    return text
