"""What the report says about what is measured on the images of an exam together."""

from heelstrike import units
from pipeline.heads.words import Groups
from pipeline.scoring.format import number, share, span

CAPTIONS = {
    "exams": "Left: the share of exams within each error. Right: whether the quality that a consumer sees warns of "
    "large errors, a dot for each exam; a good one rises from the lower left to the upper right.",
}
_MIDDLE = "_median_"


def rows(metrics: Groups) -> list[list[str]]:
    """Value, interval and meaning of each kind of error."""
    found = metrics["exams"]
    told = []
    for name in [n for n in found if _MIDDLE in n and not n.endswith(("_low", "_high"))]:
        kind, _, unit = name.partition(_MIDDLE)
        symbol = units.symbol(unit)
        told.append(
            [
                f"exams: {kind.replace('_', ' ')}, median error",
                number(found[name], symbol),
                span(found[f"{name}_low"], found[f"{name}_high"], symbol),
                f"against the labels' own; 95 % below {number(found[f'{kind}_p95_{unit}'], symbol)}",
            ]
        )
    return [
        *told,
        [
            "exams measured",
            share(found["measured_share"]),
            "–",
            f"of {found['count']:.0f}; the others get a reason; {found['scored']:.0f} are labelled well enough to be "
            "compared",
        ],
    ]
