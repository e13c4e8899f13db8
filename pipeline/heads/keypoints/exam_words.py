"""What the report says about the measurements of exams."""

from heelstrike import units
from pipeline.scoring.format import number, share, span
from pipeline.scoring.score import Groups

CAPTIONS = {
    "exams": "Left: the share of exams within each error. Right: error against the quality that a consumer sees, a "
    "dot for each exam; a quality that warns of large errors rises from the lower left to the upper right.",
}
_MEDIAN = "_median_"


def rows(metrics: Groups) -> list[list[str]]:
    """Rows for each kind of error, and for the share of exams measured."""
    exams = metrics["exams"]
    listed = []
    for name in [n for n in exams if _MEDIAN in n and not n.endswith(("_low", "_high"))]:
        kind, _, unit = name.partition(_MEDIAN)
        symbol = units.symbol(unit)
        listed.append(
            [
                f"exams: {kind.replace('_', ' ')}, median error",
                number(exams[name], symbol),
                span(exams[f"{name}_low"], exams[f"{name}_high"], symbol),
                f"against the measurement of the labels; 95 % below {number(exams[f'{kind}_p95_{unit}'], symbol)}",
            ]
        )
    return [
        *listed,
        [
            "exams measured",
            share(exams["measured_share"]),
            "–",
            f"of {exams['count']:.0f}; the others get a reason; {exams['scored']:.0f} have enough labels to be "
            "compared",
        ],
    ]
