"""Errors on rendered people of several seeds: one person in thirty rules the root mean square, so one seed says little.

People are those of the source in params.yaml with other seeds; with `--plain` they are at the usual distance and have
all markers. Two frames of each are given to a package. Pixels are those of the network's input for the whole picture,
so that pictures of any size can be compared.

Example:
    python -m benchmarks.people models/rearfoot/package --seeds 11 12 13 14 15 --subjects 80
"""

import argparse
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from rich.console import Console
from rich.table import Table

from heelstrike.package.runtime import Package
from heelstrike.package.view import size_of
from heelstrike.predict.measurer import About, Measurer
from heelstrike.progress import progress
from pipeline.heads.keypoints.presence import coinciding
from pipeline.params import load_params
from pipeline.synthetic import rearfoot
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.settings import SyntheticSource

_OFF_DEG = 3.0
_SPANS = (0, 0.1, 0.2, 0.4, 0.6, 2)


@dataclass(frozen=True)
class Picture:
    """A rendered frame: RGB, and its markers in pixels, NaN where not visible."""

    image: UInt8[np.ndarray, "H W 3"]
    points: Float[np.ndarray, "6 2"]


@dataclass(frozen=True)
class Outcome:
    """What a package answered for one picture.

    Attributes:
        distance: Distance of each keypoint from its marker, pixels of the network's input; NaN without a marker.
        present: True for each keypoint that is called present.
        pairs: Number of pairs of present keypoints at one place.
        measured: True if the picture is measured.
        reliable: True if it is within the limits of the measure too.
        off_deg: Largest error of a measured picture's angles, degrees; NaN if a marker is hidden.
        covered: True if the half-width of that angle is at least as large.
        markers: Number of markers in view.
        span: Size of the arrangement of the markers in view, as a share of the picture's longer side.
    """

    distance: Float[np.ndarray, "6"]
    present: np.ndarray
    pairs: int
    measured: bool
    reliable: bool
    off_deg: float
    covered: bool
    markers: int
    span: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="package folder of the rear-foot problem")
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13, 14, 15], help="not that of the training")
    parser.add_argument("--subjects", type=int, default=80, help="people of each seed (default 80)")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="whose first source is rendered")
    parser.add_argument("--whole", action="store_true", help="give the network the whole picture, without `zoom`")
    parser.add_argument("--plain", action="store_true", help="the defaults of the source instead")
    arguments = parser.parse_args()
    package = Package.load(arguments.package, threads=1)
    if arguments.whole:
        package.manifest = package.manifest.model_copy(update={"zoom": None})
    people = SyntheticSource(kind="synthetic", frame_step=5) if arguments.plain else source_of(arguments.params)
    by_seed: dict[int, list[Outcome]] = {}
    for seed in arguments.seeds:
        source = people.model_copy(update={"seed": seed, "subjects": arguments.subjects})
        by_seed[seed] = judge(package, list(render(source)))
    every = [outcome for outcomes in by_seed.values() for outcome in outcomes]
    table = Table("", *_HEADER, box=None)
    for seed, outcomes in by_seed.items():
        table.add_row(f"seed {seed}", *row(outcomes))
    table.add_row("all", *row(every))
    for count in range(1, 7):
        table.add_row(f"{count} markers", *row([o for o in every if o.markers == count]))
    for low, high in itertools.pairwise(_SPANS):
        table.add_row(f"span {low:.0%} to {high:.0%}", *row([o for o in every if low <= o.span < high]))
    Console(width=240).print(table)


def source_of(params: Path) -> SyntheticSource:
    """Return the rendered people of the rear-foot problem's section."""
    sources = load_params(params)["rearfoot"].collect.sources
    return next(source for source in sources if isinstance(source, SyntheticSource))


def render(source: SyntheticSource) -> Iterator[Picture]:
    """Yield the first and the last frame of each person in which a marker is visible."""
    with progress("render people", source.subjects) as bar:
        for index in range(source.subjects):
            subject = make_subject(source, index)
            for number, (image, points) in enumerate(rearfoot.render(subject)):
                if number in (0, subject.frames - 1) and np.isfinite(points).any():
                    yield Picture(image, points)
            bar.advance()


def judge(package: Package, pictures: list[Picture]) -> list[Outcome]:
    """Measure every picture."""
    measurer, outcomes = Measurer(package, About()), []
    assert measurer.measure is not None
    size = package.manifest.input
    with progress("measure", len(pictures)) as bar:
        for picture in pictures:
            result = measurer.image(picture.image)
            assert result.keypoints is not None
            assert result.confidence is not None
            visible = np.isfinite(picture.points).all(axis=1)
            present = result.confidence >= package.manifest.confidence
            scale = min(size.width / picture.image.shape[1], size.height / picture.image.shape[0])
            off, covered = float("nan"), True
            if result.measured and visible.all():
                apart = np.abs(measurer.measure.differences(result.keypoints[None], picture.points[None])[0])
                worst = int(np.argmax(apart))
                off = float(apart[worst])
                covered = off <= result.half_widths.get(measurer.measure.quantities[worst], float("inf"))
            outcomes.append(
                Outcome(
                    distance=np.linalg.norm(result.keypoints - picture.points, axis=1) * scale,
                    present=present,
                    pairs=int(coinciding(result.keypoints[None] * scale, present[None]).sum()),
                    measured=result.measured,
                    reliable=bool(result.reliable),
                    off_deg=off,
                    covered=covered,
                    markers=int(visible.sum()),
                    span=size_of(picture.points[visible]) / max(picture.image.shape[:2]),
                )
            )
            bar.advance()
    return outcomes


_HEADER = (
    "pictures",
    "RMSE px",
    "of present",
    "median px",
    "beyond 5 px",
    "present called absent",
    "absent called present",
    "two on one marker",
    "measured",
    "of complete",
    "> 3° off",
    "not covered",
    "marker hidden",
    "reliable",
    "of complete",
    "> 3° off",
    "not covered",
    "marker hidden",
)


def row(outcomes: list[Outcome]) -> list[str]:
    """Return the cells of a table's row. RMSE is of coordinates, as in reports, also of keypoints called absent."""
    if not outcomes:
        return ["0", *["–"] * (len(_HEADER) - 1)]
    distance, present = np.array([o.distance for o in outcomes]), np.array([o.present for o in outcomes])
    visible = np.isfinite(distance)
    known, shown = distance[visible], distance[visible & present]
    return [
        str(len(outcomes)),
        f"{np.sqrt((known**2).mean() / 2):.2f}",
        f"{np.sqrt((shown**2).mean() / 2):.2f}" if len(shown) else "–",
        f"{np.median(known):.3f}",
        _share((known > 5).sum(), len(known)),
        _share((visible & ~present).sum(), visible.sum()),
        _share((~visible & present).sum(), (~visible).sum()),
        _share(sum(o.pairs for o in outcomes), present.sum(), 2),
        *_angles([o for o in outcomes if o.measured], outcomes),
        *_angles([o for o in outcomes if o.reliable], outcomes),
    ]


def _angles(shown: list[Outcome], outcomes: list[Outcome]) -> list[str]:
    """Return the cells about the pictures whose angles are shown: how many, and how many of these are wrong."""
    complete = [sum(o.markers == len(o.present) for o in some) for some in (shown, outcomes)]
    angles = [o for o in shown if np.isfinite(o.off_deg)]
    off = [o for o in angles if o.off_deg > _OFF_DEG]
    return [
        _share(len(shown), len(outcomes)),
        _share(complete[0], complete[1]),
        _share(len(off), len(angles)),
        _share(sum(not o.covered for o in off), len(angles)),
        str(len(shown) - len(angles)),
    ]


def _share(part: int, whole: int, digits: int = 1) -> str:
    return f"{100 * part / whole:.{digits}f} %" if whole else "–"


if __name__ == "__main__":
    main()
