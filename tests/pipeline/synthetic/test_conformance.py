"""Requirements of every registered generator. A new generator needs its problem here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from heelstrike.images import read_picture
from heelstrike.media import is_video
from heelstrike.video.reader import VideoReader
from pipeline.annotations import BOX_COLUMNS, CLASS, keypoints_of
from pipeline.collect.labels import Labels
from pipeline.collect.readers import READERS
from pipeline.collect.settings import Source
from pipeline.problem import Problem
from pipeline.synthetic import footprint, rearfoot, stickfigure
from pipeline.synthetic.generators import generate, label_format
from pipeline.synthetic.settings import SyntheticSource
from pipeline.synthetic.source import GENERATORS
from pipeline.synthetic.stills import STILLS
from tests import exams

PROBLEMS = {
    "rearfoot": Problem(keypoints=rearfoot.KEYPOINTS),
    "footprint": Problem(keypoints=footprint.KEYPOINTS),
    "stickfigure": Problem(keypoints=stickfigure.KEYPOINTS),
    "stickfigure_sides": Problem(keypoints=stickfigure.KEYPOINTS),
    "scout": Problem(keypoints=exams.NAMES),
    "shapes": Problem(classes=("circle", "square", "triangle"), multi_instance=True),
    "ankle": Problem(classes=("pronation", "neutral", "supination")),
}


def source_of(name: str, **changes: Any) -> SyntheticSource:
    small = {"kind": "synthetic", "generator": name, "subjects": 1, "frames_per_subject": 3}
    return SyntheticSource.model_validate(small | {"width": 96, "height": 128, "seed": 1} | changes)


@dataclass(frozen=True)
class Made:
    """Outputs of a generator: one subject, the same subject again, another seed, two subjects; and the label files."""

    name: str
    labels: dict[str, Path]

    def files(self, part: str) -> dict[str, bytes]:
        folder = self.labels[part].parent
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}

    def read(self, part: str) -> Labels:
        """Its labels as collect reads them."""
        path = self.labels[part]
        read_as = TypeAdapter[Any](Source).validate_python(label_format(source_of(self.name)))
        return READERS[read_as.kind](path, path.parent, read_as, PROBLEMS[self.name])


@pytest.fixture(scope="module", params=PROBLEMS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    name, folder = request.param, tmp_path_factory.mktemp(request.param)
    changes: dict[str, dict[str, int]] = {"one": {}, "again": {}, "others": {"seed": 2}, "two": {"subjects": 2}}
    return Made(name, {part: generate(source_of(name, **change), folder / part) for part, change in changes.items()})


def size_of(path: Path) -> tuple[int, int]:
    if is_video(path.name):
        with VideoReader(path) as reader:
            image = next(iter(reader.frames())).image
    else:
        image = read_picture(path).image
    return image.shape[1], image.shape[0]


def test_every_registered_generator_has_a_problem() -> None:
    assert set(PROBLEMS) == {*GENERATORS, *STILLS}


def test_the_same_settings_make_the_same_bytes_and_another_seed_others(made: Made) -> None:
    assert made.files("one") == made.files("again")
    assert made.files("one") != made.files("others")


def test_collect_reads_all_labels_and_they_lie_in_their_images(made: Made) -> None:
    labels, problem = made.read("two"), PROBLEMS[made.name]
    assert len(labels.table) and not labels.dropped
    sizes = {media: size_of(made.labels["two"].parent / media) for media in labels.table["media"].unique()}
    size = np.array([sizes[media] for media in labels.table["media"]])
    xy, visibility = keypoints_of(labels.table, problem.keypoints)
    assert np.isfinite(xy[visibility > 0]).all()
    assert ((xy >= -0.5) & (xy <= size[:, None] - 0.5) | np.isnan(xy)).all()
    if problem.classes:
        assert set(labels.table[CLASS]) <= set(problem.classes)
    if set(BOX_COLUMNS) <= set(labels.table):
        boxes = labels.table[BOX_COLUMNS].to_numpy(np.float64)
        assert (boxes[:, :2] >= -0.5).all() and (boxes[:, :2] + boxes[:, 2:] <= size - 0.5).all()


def test_more_subjects_leave_those_before_as_they_are(made: Made) -> None:
    few, more = made.read("one").table, made.read("two").table
    assert len(more) > len(few)
    pd.testing.assert_frame_equal(more[more["media"].isin(few["media"])].reset_index(drop=True), few)
