"""Angles of people who stand far away, and of pictures that a camera spoils: with and without looking at every size.

People who were never trained on are rendered at 1920x1080. Their frames are disturbed in all ways of the disturbed
check (docs/disturbed.md): shrunk and put on a plain ground or in places, turned, cut, darkened, blurred and so on. The
places are photographs or videos without markers from a folder, else rendered ones. With `--whole` each picture is also
given to the package whole, as if it had no `zoom`. The second table has the same by the span of the markers.

Example:
    python -m benchmarks.distance models/rearfoot/package --people 30 --places FOLDER_OF_PHOTOGRAPHS_AND_VIDEOS
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float
from rich.console import Console
from rich.table import Table

from heelstrike.errors import UserError
from heelstrike.images import read_image
from heelstrike.media import files_below, is_image
from heelstrike.package.runtime import Package
from heelstrike.predict.measurer import About, Measurer
from heelstrike.progress import progress
from heelstrike.video.reader import VideoReader
from pipeline.package.disturbed.foreign import Places, foreign
from pipeline.package.disturbed.pictures import Change, Ground, Image, Picture, changes
from pipeline.package.disturbed.result import SHARES
from pipeline.package.disturbed.tally import Tally, errors_of, tally_of
from pipeline.scoring.format import share
from pipeline.synthetic import rearfoot
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.settings import SyntheticSource

WIDTH, HEIGHT = 1920, 1080
_OFF_DEG = 3.0
_SPANS = (0.0, 0.06, 0.1, 0.15, 0.25, 0.4, 0.6, 1.0)  # of the picture's height
_EVERY = 25  # frames of a video of which one is a place
_SIZED = ("as it is", "at ")  # kinds that change the span only


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="package folder of the rear-foot problem")
    parser.add_argument("--people", type=int, default=30, help="rendered people, two frames of each (default 30)")
    parser.add_argument(
        "--seed", type=int, default=777, help="seed of the people; not that of the training (default 777)"
    )
    parser.add_argument("--places", type=Path, help="folder of photographs and videos to put the shrunk frames on")
    parser.add_argument("--whole", action="store_true", help="give the package every picture whole as well")
    arguments = parser.parse_args()
    frames = [Picture(*frame) for frame in render(arguments.people, arguments.seed)]
    kinds = changes(places_of(arguments.places))
    packages = {"as it is": Package.load(arguments.package, threads=1)}
    if arguments.whole:
        whole = Package.load(arguments.package, threads=1)
        whole.manifest = whole.manifest.model_copy(update={"zoom": None})
        packages["whole"] = whole
    for name, package in packages.items():
        Console(width=200).print(f"pictures: {name}", *measure(package, frames, kinds), sep="\n")


def measure(package: Package, frames: list[Picture], kinds: dict[str, Change]) -> tuple[Table, Table]:
    """Return the shares of every kind of picture, and those of frames of every span with the half-widths' coverage."""
    of_kind, of_span = defaultdict[str, Tally](Tally), defaultdict[str, Tally](Tally)
    covered = defaultdict[str, list[bool]](list)
    measurer = Measurer(package, About())
    assert measurer.measure is not None
    nobody = np.full((6, 2), np.nan)
    with progress("measure", len(kinds) * len(frames) + 3 * len(frames)) as bar:
        for number, (kind, picture) in enumerate(_shown(frames, kinds, nobody)):
            result = measurer.image(picture.image)
            tally = tally_of(picture, result, measurer.measure, _OFF_DEG, package.manifest.confidence)
            of_kind[kind] += tally
            if kind.startswith(_SIZED) and np.isfinite(picture.points).all():
                span = span_of(picture)
                of_span[span] += tally
                if result.measured:
                    errors, widths = errors_of(picture.points, result, measurer.measure)
                    covered[span] += (errors <= widths).tolist()
            bar.advance(picture=number)
    columns = ("pictures", *SHARES.values())
    kinds_table = Table("kind", *columns, "not measured", box=None)
    for kind, tally in of_kind.items():
        kinds_table.add_row(kind, *cells(tally), ", ".join(f"{code} {count}" for code, count in tally.reasons.items()))
    spans_table = Table("markers' span", *columns, "angles covered", box=None)
    for span, tally in sorted(of_span.items()):
        spans_table.add_row(span, *cells(tally), share(float(np.mean(covered[span]))) if covered[span] else "–")
    return kinds_table, spans_table


def _shown(
    frames: list[Picture], kinds: dict[str, Change], nobody: Float[np.ndarray, "6 2"]
) -> Iterator[tuple[str, Picture]]:
    rng = np.random.default_rng(5)
    for kind, change in kinds.items():
        yield from ((kind, change(frame, rng)) for frame in frames)
    for kind, make in foreign(Places(WIDTH, HEIGHT)).items():
        yield from ((kind, Picture(make((HEIGHT, WIDTH), rng), nobody)) for _ in frames)


def cells(tally: Tally) -> list[str]:
    return [str(tally.pictures), *(share(tally.shares[name]) for name in SHARES)]


def span_of(picture: Picture) -> str:
    """Return the range of spans in which the height of the markers lies, as a share of the picture's height."""
    span = float(np.ptp(picture.points[:, 1])) / picture.image.shape[0]
    low, high = next((low, high) for low, high in pairwise(_SPANS) if span < high or high == _SPANS[-1])
    return f"{100 * low:02.0f} to {100 * high:.0f} %"


def render(people: int, seed: int) -> Iterator[tuple[Image, Float[np.ndarray, "6 2"]]]:
    """Yield the first and the last frame of each person's walk, with the markers; NaN for a hidden one."""
    settings = SyntheticSource(kind="synthetic", subjects=people, width=WIDTH, height=HEIGHT, seed=seed)
    with progress("render people", people) as bar:
        for index in range(people):
            subject = make_subject(settings, index)
            for number, frame in enumerate(rearfoot.render(subject)):
                if number in (0, subject.frames - 1):
                    yield frame
            bar.advance()


def places_of(folder: Path | None) -> Ground:
    """Return a ground of photographs and videos in a folder; of rendered places if there are none, and say so."""
    files = files_below(folder) if folder is not None and folder.is_dir() else []
    real = [image for file in files for image in _images(file)]
    if real:
        return lambda shape, rng: real[rng.integers(len(real))]
    reason = "no --places" if folder is None else f"{folder}: no photograph or video large enough in it"
    print(f"{reason}: rendered places instead of real ones", file=sys.stderr)
    return Places(WIDTH, HEIGHT)


def _images(file: Path) -> Iterator[Image]:
    """Yield what a file shows, cropped to the frames' size; nothing if it cannot be read or is too small."""
    try:
        if is_image(file):
            images = [read_image(file)]
        else:
            with VideoReader(file) as video:
                images = [frame.image for frame in video.frames() if frame.number % _EVERY == 0]
    except UserError:
        return
    for image in images:
        scale = max(WIDTH / image.shape[1], HEIGHT / image.shape[0])
        if scale < 2:
            resized = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            yield resized[:HEIGHT, :WIDTH].astype(np.uint8)


if __name__ == "__main__":
    main()
