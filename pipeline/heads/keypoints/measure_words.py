"""What the report says about the measurements on keypoints: angles, lengths."""

from heelstrike.measure.base import Measure
from pipeline.scoring.format import number, share, span
from pipeline.scoring.score import Groups

CAPTIONS = {
    "agreement": "Each dot is one measured quantity of one image. A slope means that large values are measured too "
    "small or too large; if the limits are wider than a clinical difference, do not rely on single frames.",
}


def verdict(metrics: Groups, measure: Measure) -> str:
    """The median error, the limits of agreement, and the error of people for comparison."""
    errors, unit, symbol = metrics[measure.group], measure.unit, measure.symbol
    return (
        f"The median error of the {measure.title} is {number(errors[f'median_{unit}'], symbol)} "
        f"({span(errors[f'median_{unit}_low'], errors[f'median_{unit}_high'], symbol)}); 95 % of all errors "
        f"are expected between {number(errors[f'loa_low_{unit}'], symbol)} and "
        f"{number(errors[f'loa_high_{unit}'], symbol)}. {measure.human_error}"
    ).rstrip()


def rows(metrics: Groups, measure: Measure) -> list[list[str]]:
    """Rows for error, bias, limits of agreement, and the share of images measured."""
    errors, unit, symbol = metrics[measure.group], measure.unit, measure.symbol
    return [
        [
            f"{measure.title}, median error",
            number(errors[f"median_{unit}"], symbol),
            span(errors[f"median_{unit}_low"], errors[f"median_{unit}_high"], symbol),
            f"absolute; mean {number(errors[f'mean_{unit}'], symbol)}, "
            f"95 % below {number(errors[f'p95_{unit}'], symbol)}",
        ],
        [
            f"{measure.title}, bias",
            number(errors[f"bias_{unit}"], symbol),
            span(errors[f"bias_{unit}_low"], errors[f"bias_{unit}_high"], symbol),
            f"predicted minus true; {measure.sign}",
        ],
        [
            "limits of agreement",
            span(errors[f"loa_low_{unit}"], errors[f"loa_high_{unit}"], symbol),
            "–",
            "Bland-Altman: bias ± 1.96 standard deviations of the difference",
        ],
        [
            "images measured",
            share(errors["measured_share"]),
            "–",
            f"{share(errors['measured_share_of_complete'])} of those with all labels, "
            f"{share(errors['measured_share_of_incomplete'])} of those without; the others get a reason. "
            f"Median error of those measured {number(errors[f'median_measured_{unit}'], symbol)}",
        ],
    ]
