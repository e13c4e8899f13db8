"""Angles of people who stand far away, and of pictures that a camera spoils: with and without looking at every size.

People who were never trained on are rendered at 1920x1080. Their frames are shrunk and put on a plain ground, or on
photographs of rooms, of the original size; or they are turned, darkened, blurred or cut. Each picture is given to the
package twice: whole, as if it had no `zoom`, and as it is. Every keypoint of a person counts as found if its confidence
reaches the threshold.

Example:
    python -m benchmarks.distance models/rearfoot/package --people 30 --rooms FOLDER_OF_PHOTOGRAPHS
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from rich.console import Console
from rich.table import Table

from heelstrike.errors import UserError
from heelstrike.images import read_image
from heelstrike.media import files_below, is_image
from heelstrike.package.runtime import Package
from heelstrike.predict.measurer import About, Measurer
from heelstrike.progress import progress
from pipeline.synthetic import rearfoot
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.settings import SyntheticSource

Image = UInt8[np.ndarray, "H W 3"]
Points = Float[np.ndarray, "6 2"]
Change = Callable[[Image, Points, np.random.Generator], tuple[Image, Points]]

WIDTH, HEIGHT = 1920, 1080
_OFF_DEG = 3.0


@dataclass
class Counts:
    """What a package said of the pictures of one kind.

    Attributes:
        labelled: Markers that can be seen.
        errors: Distance of each of them that was found, pixels of the picture before it was shrunk.
        angles: Largest difference of a measured frame's angles, degrees; NaN if a marker is hidden.
        widths: Half-width of that angle.
        reasons: How many frames were not measured for which reason.
        frames: Number of pictures.
    """

    labelled: int = 0
    errors: list[float] = field(default_factory=list)
    angles: list[float] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    frames: int = 0

    def row(self) -> list[str]:
        """Return the cells of a row of the table."""
        errors, angles, widths = np.array(self.errors), np.array(self.angles), np.array(self.widths)
        known = ~np.isnan(angles)
        off = known & (angles > _OFF_DEG)
        uncovered = off & (angles > widths)
        return [
            _share(len(errors), self.labelled),
            _share((errors < 2).sum(), len(errors)),
            _share((errors > 20).sum(), len(errors)),
            _share(len(angles), self.frames),
            _share(off.sum(), known.sum()),
            _share(uncovered.sum(), known.sum()),
            str((~known).sum()),
            ", ".join(f"{reason} {count}" for reason, count in self.reasons.most_common()),
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="package folder of the rear-foot problem")
    parser.add_argument("--people", type=int, default=30, help="rendered people, two frames of each (default 30)")
    parser.add_argument(
        "--seed", type=int, default=777, help="seed of the people; not that of the training (default 777)"
    )
    parser.add_argument("--rooms", type=Path, help="folder of photographs to put the shrunk frames on")
    arguments = parser.parse_args()
    package = Package.load(arguments.package, threads=1)
    frames = list(render(arguments.people, arguments.seed))
    kinds: dict[str, Change] = {f"at {size:g}": partial(shrunk, size) for size in (1, 0.7, 0.5, 0.35, 0.25, 0.15, 0.1)}
    if arguments.rooms:
        rooms = [room for file in files_below(arguments.rooms) if is_image(file) and (room := _room(file)) is not None]
        kinds |= {f"at {size:g}, in rooms": partial(in_room, rooms, size) for size in (0.5, 0.25, 0.15)}
    kinds |= {f"turned {degrees}°": partial(turned, degrees) for degrees in (10, 20, -15)}
    kinds |= {"a tenth of the light": dark, "motion blur of 21 px": moved, "upper third cut off": cut}
    table = Table(
        "",
        "package",
        "found",
        "≤ 2 px",
        "> 20 px",
        "measured",
        "> 3° off",
        "not covered",
        "hidden",
        "not measured",
        box=None,
    )
    whole = Package.load(arguments.package, threads=1)
    whole.manifest = whole.manifest.model_copy(update={"zoom": None})
    with progress("measure", 2 * len(kinds) * len(frames)) as bar:
        for kind, change in kinds.items():
            scale = float(kind.split()[1].rstrip(",")) if kind.startswith("at ") else 1.0
            for name, measured in (("whole", whole), ("as it is", package)):
                counts = judge(measured, frames, change, scale, bar.advance)
                table.add_row(kind, name, *counts.row())
    Console(width=180).print(table)


def render(people: int, seed: int) -> Iterator[tuple[Image, Points]]:
    """Yield the first and the last frame of each person's walk, with the markers; NaN for a hidden one."""
    settings = SyntheticSource(kind="synthetic", subjects=people, width=WIDTH, height=HEIGHT, seed=seed)
    with progress("render people", people) as bar:
        for index in range(people):
            subject = make_subject(settings, index)
            for number, frame in enumerate(rearfoot.render(subject)):
                if number in (0, subject.frames - 1):
                    yield frame
            bar.advance()


def judge(
    package: Package, frames: list[tuple[Image, Points]], change: Change, scale: float, advance: Callable[[], object]
) -> Counts:
    """Measure every changed frame. The changes are the same for every package."""
    counts, measurer, rng = Counts(), Measurer(package, About()), np.random.default_rng(5)
    assert measurer.measure is not None
    for image, points in frames:
        picture, truth = change(image, points, rng)
        result = measurer.image(picture)
        seen = np.isfinite(truth).all(axis=1)
        assert result.keypoints is not None
        assert result.confidence is not None
        found = seen & (result.confidence >= package.manifest.confidence)
        counts.frames += 1
        counts.labelled += int(seen.sum())
        counts.errors += (np.linalg.norm(result.keypoints - truth, axis=1)[found] / scale).tolist()
        if result.measured:
            apart = np.abs(measurer.measure.differences(result.keypoints[None], truth[None])[0])
            worst = int(np.argmax(apart)) if seen.all() else 0
            counts.angles.append(float(apart[worst]) if seen.all() else float("nan"))
            counts.widths.append(result.half_widths.get(measurer.measure.quantities[worst], float("inf")))
        else:
            counts.reasons[str(result.reason)] += 1
        advance()
    return counts


def shrunk(size: float, image: Image, points: Points, rng: np.random.Generator) -> tuple[Image, Points]:
    """Shrink a frame and put it anywhere on a plain ground of the original size."""
    if size == 1:
        return image, points
    ground = np.empty_like(image)
    ground[:] = rng.integers(60, 200, 3)
    return _placed(size, ground, image, points, rng)


def in_room(
    rooms: list[Image], size: float, image: Image, points: Points, rng: np.random.Generator
) -> tuple[Image, Points]:
    """Shrink a frame and put it anywhere on a photograph."""
    return _placed(size, rooms[rng.integers(len(rooms))].copy(), image, points, rng)


def turned(degrees: float, image: Image, points: Points, rng: np.random.Generator) -> tuple[Image, Points]:
    """Turn a frame about its centre; positive angles counter-clockwise."""
    height, width = image.shape[:2]
    move = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    picture = cv2.warpAffine(image, move, (width, height), borderValue=[90] * 3).astype(np.uint8)
    return picture, points @ move[:, :2].T + move[:, 2]


def dark(image: Image, points: Points, rng: np.random.Generator) -> tuple[Image, Points]:
    """Leave a tenth of the light."""
    return (image * 0.1).astype(np.uint8), points


def moved(image: Image, points: Points, rng: np.random.Generator) -> tuple[Image, Points]:
    """Blur a frame by 21 pixels along its rows."""
    kernel = np.zeros((21, 21), np.float32)
    kernel[10] = 1 / 21
    return cv2.filter2D(image, -1, kernel).astype(np.uint8), points


def cut(image: Image, points: Points, rng: np.random.Generator) -> tuple[Image, Points]:
    """Cut off the upper third."""
    top = image.shape[0] // 3
    below = points - [0, top]
    return np.ascontiguousarray(image[top:]), np.where((below[:, 1] < 0)[:, None], np.nan, below)


def _placed(size: float, ground: Image, image: Image, points: Points, rng: np.random.Generator) -> tuple[Image, Points]:
    height, width = image.shape[:2]
    small = cv2.resize(image, (round(width * size), round(height * size)), interpolation=cv2.INTER_AREA)
    h, w = small.shape[:2]
    x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
    ground[y : y + h, x : x + w] = small
    return ground, (points + 0.5) * [w / width, h / height] - 0.5 + [x, y]


def _room(file: Path) -> Image | None:
    """Return a photograph, cropped to the frames' size; `None` if it is no photograph or too small."""
    try:
        image = read_image(file)
    except UserError:
        return None
    scale = max(WIDTH / image.shape[1], HEIGHT / image.shape[0])
    if scale > 1.5:
        return None
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:HEIGHT, :WIDTH].astype(np.uint8)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


if __name__ == "__main__":
    main()
