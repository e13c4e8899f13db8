"""The page of a comparison: one HTML file that loads no other."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps

from pipeline.registry.decision import Decision
from pipeline.review.paired import Difference
from pipeline.review.tiles import Tile
from pipeline.scoring.format import number, span

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Side:
    """One of the two versions.

    Attributes:
        reference: `rearfoot/3`.
        commit: First digits of its git commit, and whether there were other changes.
        data: First digits of the hash of its labelled images.
        latency_ms: Median time of one image on this machine's CPU.
        megabytes: Size of its package.
        network: Name of its network.
        learned: Names of the test people from whom it learned.
    """

    reference: str
    commit: str
    data: str
    latency_ms: float
    megabytes: float
    network: str
    learned: list[str]


@dataclass(frozen=True)
class Facts:
    """What the pages of the service filter an image by; the page holds it as JSON.

    Attributes:
        kind: `loss` if the second version is worse on it, else `gain`.
        image: Path of the image's file, which tells it from all others.
        subject: Who is shown.
        slices: `NAME = VALUE` of each slice that the image belongs to.
        keypoints: Second minus first distance of each labelled keypoint, in pixels of the network's input.
    """

    kind: Literal["loss", "gain"]
    image: str
    subject: str
    slices: list[str]
    keypoints: dict[str, float]


@dataclass(frozen=True)
class Extreme:
    """An image on which the two versions differ most.

    Attributes:
        facts: What it can be filtered by.
        title: Subject and image.
        old: Error of the first version.
        new: Error of the second version.
        unit: Text after the errors.
        tile: The image with both predictions.
    """

    facts: Facts
    title: str
    old: float
    new: float
    unit: str
    tile: Tile


@dataclass(frozen=True)
class Content:
    """Everything that the page shows.

    Attributes:
        problem: The problem's name.
        made: When the comparison was made, UTC.
        test_split: SHA-256 of the test split.
        images: Number of test images.
        subjects: Number of people in the test split.
        resamples: Number of resamples behind each interval.
        sides: The first version and the second.
        headlines: The headline scores of both.
        keypoints: The mean distance of each keypoint.
        slices: The error of each slice.
        differences: In what the versions differ: lines by kind.
        decision: The gates' decision about the second version against the first; `None` if there is none.
        losses: Images on which the second is worse, the worst first.
        gains: Images on which it is better, the best first.
    """

    problem: str
    made: str
    test_split: str
    images: int
    subjects: int
    resamples: int
    sides: tuple[Side, ...]
    headlines: list[Difference]
    keypoints: list[Difference]
    slices: list[Difference]
    differences: dict[str, list[str]]
    decision: Decision | None
    losses: list[Extreme]
    gains: list[Extreme]


def render(content: Content) -> str:
    """Return the page as HTML."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["number"] = number
    environment.filters["json"] = lambda facts: htmlsafe_json_dumps(asdict(facts))
    environment.globals["span"] = _signed_span
    environment.globals["signed"] = _signed
    old, new = content.sides
    return environment.get_template("compare.j2").render(content=content, old=old, new=new)


def _signed(value: float, unit: str) -> str:
    return f"+{number(value, unit)}" if value > 0 else number(value, unit)


def _signed_span(difference: Difference) -> str:
    """The interval of a change, for instance `−0.12 to +0.03 px`."""
    low, high = difference.change
    if low != low or high != high:
        return span(low, high)
    return f"{_signed(low, '')} to {_signed(high, difference.unit)}"
