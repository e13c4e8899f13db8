"""What the report says about what is measured on the keypoints: angles, lengths."""

from heelstrike.measure.base import Measure
from pipeline.heads.words import Groups
from pipeline.scoring.format import number, share, span

CAPTIONS = {
    "agreement": "Each dot is one measured quantity of one image. A slope means that large values are read too small "
    "or too large; limits wider than a clinical difference mean that single frames should not be read alone.",
}


def verdict(metrics: Groups, measure: Measure) -> str:
    """How far it is off, and what that is to be held against."""
    found, unit, symbol = metrics[measure.group], measure.unit, measure.symbol
    return (
        f"The {measure.title} is off by {number(found[f'median_{unit}'], symbol)} in the median "
        f"({span(found[f'median_{unit}_low'], found[f'median_{unit}_high'], symbol)}); 95 % of all errors are expected "
        f"between {number(found[f'loa_low_{unit}'], symbol)} and {number(found[f'loa_high_{unit}'], symbol)}. "
        f"{measure.human_error}"
    ).rstrip()


def rows(metrics: Groups, measure: Measure) -> list[list[str]]:
    """Of the headline table: error, bias, limits of agreement, and how many were measured at all."""
    found, unit, symbol = metrics[measure.group], measure.unit, measure.symbol
    return [
        [
            f"{measure.title}, median error",
            number(found[f"median_{unit}"], symbol),
            span(found[f"median_{unit}_low"], found[f"median_{unit}_high"], symbol),
            f"absolute; mean {number(found[f'mean_{unit}'], symbol)}, "
            f"95 % below {number(found[f'p95_{unit}'], symbol)}",
        ],
        [
            f"{measure.title}, bias",
            number(found[f"bias_{unit}"], symbol),
            span(found[f"bias_{unit}_low"], found[f"bias_{unit}_high"], symbol),
            f"predicted minus true; {measure.sign}",
        ],
        [
            "limits of agreement",
            span(found[f"loa_low_{unit}"], found[f"loa_high_{unit}"], symbol),
            "–",
            "Bland-Altman: bias ± 1.96 standard deviations of the difference",
        ],
        [
            "images measured",
            share(found["measured_share"]),
            "–",
            f"{share(found['measured_share_of_complete'])} of those labelled whole; where a label is missing "
            f"{share(found['measured_share_of_incomplete'])} got numbers all the same; the others get a reason. "
            f"Median error of those measured {number(found[f'median_measured_{unit}'], symbol)}",
        ],
    ]
