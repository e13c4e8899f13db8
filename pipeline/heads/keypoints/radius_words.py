"""What the report says about radii."""

from heelstrike.measure.base import Measure
from pipeline.heads.keypoints.coverage import off_promise
from pipeline.scoring.format import number, share, span
from pipeline.scoring.score import Groups

CAPTION = (
    "Left: the error of a dot above the line exceeds its radius. A cloud that rises to the right means that the "
    "confidence warns of large errors; a vertical line means that all points have one radius. Right: the share of "
    "points (blue) and of measured values (green) within their limits, with intervals; the dashed line is the promised "
    "share."
)


def rows(metrics: Groups, measure: Measure | None) -> list[list[str]]:
    """Rows for the coverage of radii and half-widths, with intervals and mean limits."""
    if "radius" not in metrics:
        return []
    radius = metrics["radius"]
    listed = [_row("points within their radius", radius, f"mean radius {number(radius['mean_px'], ' original px')}")]
    if measure is not None:
        own = metrics[f"{measure.group}_half_width"]
        width = f"mean half-width {number(own[f'mean_{measure.unit}'], measure.symbol)}"
        listed.append(_row(f"{measure.title} within its half-width", own, width))
    return listed


def _row(title: str, numbers: dict[str, float], width: str) -> list[str]:
    return [
        title,
        share(numbers["coverage"]),
        span(100 * numbers["coverage_low"], 100 * numbers["coverage_high"], " %"),
        f"promised {share(numbers['promised'])}; {width}",
    ]


def sentences(metrics: Groups, measure: Measure | None) -> list[str]:
    """The promise, its deviations on the test split, and the share of images marked as not reliable."""
    if "radius" not in metrics:
        return []
    radius = metrics["radius"]
    texts = [
        f"Each point comes with a radius, fitted on the validation split so that {share(radius['promised'])} of the "
        f"points of a new person lie within theirs. For a single person the share may be larger or smaller: "
        f"{share(radius['subjects_below_share'])} of the test subjects have a smaller share, the lowest is "
        f"{share(radius['subject_coverage_lowest'])}."
    ]
    if radius["unlimited_share"] > 0:
        texts.append(
            f"{share(radius['unlimited_share'])} of the points have no radius: the validation split has too few "
            "subjects to fit one."
        )
    titles = {"radius": "The radii"} | ({f"{measure.group}_half_width": "The half-widths"} if measure else {})
    texts += [text for group, title in titles.items() if (text := _off(title, metrics[group]))]
    if "unreliable_share" in radius:
        texts.append(
            f"{share(radius['unreliable_share'])} of the test images exceed the limits in params and are marked as not "
            "reliable for a consumer."
        )
    return texts


def _off(title: str, numbers: dict[str, float]) -> str:
    """A sentence if the interval of the coverage excludes the promised share, else an empty text."""
    interval = span(100 * numbers["coverage_low"], 100 * numbers["coverage_high"], " %")
    text_by_deviation = {
        -1: f"{title} do not keep their promise on the test split: {interval} are within, not "
        f"{share(numbers['promised'])}. Its people differ from those of the validation split, or that split has too "
        "few of them; put more subjects into the validation split.",
        1: f"{title} are wider than necessary on the test split: {interval} are within, where "
        f"{share(numbers['promised'])} are promised. With few validation subjects this is expected.",
        0: "",
    }
    return text_by_deviation[off_promise(numbers)]
