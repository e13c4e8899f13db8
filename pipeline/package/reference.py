"""The reference that consumers' records are compared with: the record of one input of each test person."""

import importlib.metadata
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice, tee
from pathlib import Path

import numpy as np

from heelstrike.cores import cores
from heelstrike.images import read_image
from heelstrike.monitor.recorder import InputOf, Recorder
from heelstrike.monitor.reference import Reference
from heelstrike.monitor.wire import InputRecord
from heelstrike.package.image import ArrayImage, Image
from heelstrike.package.runtime import Package
from heelstrike.predict.frames import FrameResult, Source
from heelstrike.predict.measurer import About, Measurer
from heelstrike.predict.summary import Tally
from heelstrike.progress import progress
from heelstrike.video.reader import VideoReader
from pipeline.evaluate.judged_split import JudgedSplit
from pipeline.package.settings import ReferenceSettings
from pipeline.prepare.labelled import Labelled


@dataclass(frozen=True)
class _Input:
    """A video or a still image of a test person.

    Attributes:
        images: Its labelled images, in order; a still image is one.
        about: What is known about it.
    """

    images: tuple[Labelled, ...]
    about: About


def make_reference(package: Package, tests: JudgedSplit, settings: ReferenceSettings) -> Reference:
    """Predict on one video or image of each test person, as a consumer does, and return the records.

    If a person has several, one is drawn by the settings' seed. If the videos of the split are not all there, as when
    the outputs of *collect* were pulled and rendered videos were not, the labelled frames stand for every video.

    Args:
        package: The package, with its radii.
        tests: The test split.
        settings: Number of people and of frames.
    """
    chosen = _chosen(tests, settings)
    whole = all(one.images[0].video is None or one.images[0].video.is_file() for one in chosen)
    program = importlib.metadata.version("heelstrike")

    def record(number: int) -> InputRecord:
        return _record(package, chosen[number], settings.frames if whole else None, f"{number:08x}", program)

    with progress("record the test people", len(chosen)) as bar, ThreadPoolExecutor(cores()) as pool:
        records = []
        for one in pool.map(record, range(len(chosen))):
            records.append(one)
            bar.advance()
    return Reference(heelstrike=program, test_split=tests.digest, records=tuple(records))


def _chosen(tests: JudgedSplit, settings: ReferenceSettings) -> list[_Input]:
    """Return one input of each person; of more people than wanted some that are spread over the split."""
    inputs: dict[str, dict[Path, list[int]]] = {}
    for row, (subject, image) in enumerate(zip(tests.cases.subjects.tolist(), tests.images, strict=True)):
        inputs.setdefault(subject, {}).setdefault(image.video or image.file, []).append(row)
    people = sorted(inputs)
    spread = np.unique(np.linspace(0, len(people) - 1, min(settings.people, len(people))).round().astype(int))
    chosen = []
    for number in spread.tolist():
        of_person = inputs[people[number]]
        drawn = np.random.default_rng([settings.seed, number]).integers(len(of_person))
        chosen.append(_input(tests, of_person[sorted(of_person)[drawn]]))
    return chosen


def _input(tests: JudgedSplit, rows: Sequence[int]) -> _Input:
    rows = sorted({tests.images[row].frame: row for row in reversed(rows)}.values())
    mm_per_px = float(tests.cases.mm_per_px[rows[0]])
    slices = {name: str(values[rows[0]]) for name, values in tests.cases.slices.items()}
    about = About(mm_per_px if np.isfinite(mm_per_px) else None, slices)
    return _Input(tuple(tests.images[row] for row in rows), about)


def _record(package: Package, one: _Input, frames: int | None, id_: str, program: str) -> InputRecord:
    measurer = Measurer(package, one.about)
    recorder, tally = Recorder(package.manifest), Tally(measurer.measure)
    source, kind = Source("", "image", 0, 0), "image" if one.images[0].video is None else "video"
    with closing(_answers(measurer, one, frames)) as answers:
        for fps, image, result in answers:
            recorder.add(image, result)
            tally.add(result.measurement, result.reliable)
            source = Source("", kind, image.shape[1], image.shape[0], fps)
    return recorder.record(InputOf(source, id_, None, program), tally.summary, None)


def _answers(
    measurer: Measurer, one: _Input, most: int | None
) -> Generator[tuple[float | None, Image, FrameResult], None, None]:
    """Yield frame rate, picture and result of the first frames of a video; without it of the labelled images."""
    video = one.images[0].video
    if video is None:
        image = read_image(one.images[0].file)
        yield None, ArrayImage(image), measurer.image(image)
    elif most is None:
        shown, looked_at = tee(ArrayImage(read_image(labelled.file)) for labelled in one.images)
        for picture, result in zip(shown, measurer.images(picture.rgb for picture in looked_at), strict=True):
            yield None, picture, result
    else:
        with (
            VideoReader(video, threads=1) as reader,
            closing(measurer.video(islice(reader.frames(), most))) as results,
        ):
            for frame, result in results:
                yield float(reader.rate), frame.picture, result
