"""What the report says about radii."""

from heelstrike.measure.base import Measure
from pipeline.heads.keypoints.coverage import off_promise
from pipeline.heads.words import Groups
from pipeline.scoring.format import number, share, span

CAPTION = (
    "Left: a dot above the line is farther from its label than its radius says. A cloud that rises to the right means "
    "that the confidence warns of large errors; a vertical line means that one radius serves all. Right: the share of "
    "points (blue) and of measured values (green) that are as near as promised, with intervals; the dashed line is the "
    "promise."
)


def rows(metrics: Groups, measure: Measure | None) -> list[list[str]]:
    """Of the points and of what is measured on them: the share within, its interval, and how wide the limits are."""
    if "radius" not in metrics:
        return []
    found = metrics["radius"]
    listed = [_row("points within their radius", found, f"mean radius {number(found['mean_px'], ' original px')}")]
    if measure is not None:
        own = metrics[f"{measure.group}_half_width"]
        width = f"mean half-width {number(own[f'mean_{measure.unit}'], measure.symbol)}"
        listed.append(_row(f"{measure.title} within its half-width", own, width))
    return listed


def _row(title: str, found: dict[str, float], width: str) -> list[str]:
    return [
        title,
        share(found["coverage"]),
        span(100 * found["coverage_low"], 100 * found["coverage_high"], " %"),
        f"promised {share(found['promised'])}; {width}",
    ]


def sentences(metrics: Groups, measure: Measure | None) -> list[str]:
    """What is promised to whom, where the test split says otherwise, and what a consumer is told not to rely on."""
    if "radius" not in metrics:
        return []
    found = metrics["radius"]
    said = [
        f"Each point comes with a radius, fitted on the validation split so that {share(found['promised'])} of the "
        f"points of a new person lie within theirs. Of single people it may be more or less: "
        f"{share(found['subjects_below_share'])} of the test subjects have a smaller share, the lowest is "
        f"{share(found['subject_coverage_lowest'])}."
    ]
    if found["unlimited_share"] > 0:
        said.append(
            f"{share(found['unlimited_share'])} of the points have a radius without limit: the validation split has "
            "too few subjects to promise one."
        )
    titles = {"radius": "The radii"} | ({f"{measure.group}_half_width": "The half-widths"} if measure else {})
    said += [text for group, title in titles.items() if (text := _off(title, metrics[group]))]
    if "unreliable_share" in found:
        said.append(
            f"A consumer is told not to rely on {share(found['unreliable_share'])} of the test images, by the limits "
            "in params."
        )
    return said


def _off(title: str, found: dict[str, float]) -> str:
    """One sentence where the interval of the coverage excludes the promise."""
    interval = span(100 * found["coverage_low"], 100 * found["coverage_high"], " %")
    said = {
        -1: f"{title} do not keep their promise on the test split: {interval} are within, not "
        f"{share(found['promised'])}. Its people are unlike those of the validation split, or the network was chosen "
        "by too few of them; take more subjects into the validation split.",
        1: f"{title} are wider than they need be on the test split: {interval} are within, where "
        f"{share(found['promised'])} are promised. With few validation subjects that is so by design.",
        0: "",
    }
    return said[off_promise(found)]
