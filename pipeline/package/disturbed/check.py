"""Runs a package over disturbed test images and foreign pictures, through the road that a consumer takes."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np

from heelstrike.cores import cores
from heelstrike.images import read_image
from heelstrike.package.runtime import Package
from heelstrike.predict.measurer import About, Measurer
from heelstrike.progress import progress
from pipeline.evaluate.judged_split import JudgedSplit
from pipeline.package.disturbed.foreign import Places, foreign
from pipeline.package.disturbed.pictures import Picture, changes
from pipeline.package.disturbed.tally import Tally, tally_of
from pipeline.package.settings import DisturbedSettings


class _Shown(NamedTuple):
    """A picture to show to the package.

    Attributes:
        kind: Name of the disturbance.
        make: Makes the picture.
        row: Row of the test image in the split.
    """

    kind: str
    make: Callable[[], Picture]
    row: int


def check_disturbed(package: Package, tests: JudgedSplit, settings: DisturbedSettings) -> dict[str, Tally]:
    """Return the counts of every kind of picture, in the order in which the pictures were shown.

    The pictures depend on the test split and the settings only, so two packages are shown the same ones.

    Args:
        package: A package whose measure measures single images.
        tests: The test split, at the images' original resolution.
        settings: How many images, and what is wrong.
    """
    shown = list(_pictures(tests, settings))
    tallies: dict[str, Tally] = {}
    with progress("show disturbed pictures", len(shown)) as bar, ThreadPoolExecutor(cores()) as pool:
        for kind, tally in pool.map(lambda each: (each.kind, _show(package, tests, settings, each)), shown):
            tallies[kind] = tallies.get(kind, Tally()) + tally
            bar.advance()
    return tallies


def _pictures(tests: JudgedSplit, settings: DisturbedSettings) -> Iterator[_Shown]:
    """Yield every disturbance of every chosen test image, then the foreign pictures, a third as many of each kind."""
    count = len(tests.images)
    rows = np.unique(np.linspace(0, count - 1, min(settings.images, count)).round().astype(int)).tolist()
    truth = tests.cases.truth["keypoints"]
    originals = {row: Picture(read_image(tests.images[row].file), truth[row]) for row in rows}
    height, width = originals[rows[0]].image.shape[:2]
    places = Places(width, height)
    for number, (kind, change) in enumerate(changes(places).items()):
        for row, original in originals.items():
            yield _Shown(kind, partial(change, original, np.random.default_rng([settings.seed, number, row])), row)
    kinds = foreign(places)
    for number, (kind, make) in enumerate(kinds.items()):
        for row in rows[:: len(kinds)]:
            image = make((height, width), np.random.default_rng([settings.seed, number, row]))
            yield _Shown(kind, partial(Picture, image, np.full(truth[row].shape, np.nan)), row)


def _show(package: Package, tests: JudgedSplit, settings: DisturbedSettings, shown: _Shown) -> Tally:
    picture = shown.make()
    slices = {name: str(values[shown.row]) for name, values in tests.cases.slices.items()}
    mm_per_px = float(tests.cases.mm_per_px[shown.row]) / picture.scale
    measurer = Measurer(package, About(slices=slices))
    assert measurer.measure is not None
    result = measurer.image(picture.image, mm_per_px)
    return tally_of(picture, result, measurer.measure, settings.limit, package.manifest.confidence, mm_per_px)
