"""What every registered generator must keep to. A new one needs its problem here, and passes."""

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
from pipeline.synthetic import GENERATORS, STILLS, footprint, generate, label_format, rearfoot, stickfigure
from pipeline.synthetic.settings import SyntheticSource
from tests import exams

PROBLEMS = {
    "rearfoot": Problem(keypoints=rearfoot.KEYPOINTS),
    "footprint": Problem(keypoints=footprint.KEYPOINTS),
    "stickfigure": Problem(keypoints=stickfigure.KEYPOINTS),
    "scout": Problem(keypoints=exams.NAMES),
    "shapes": Problem(classes=("circle", "square", "triangle"), several=True),
    "ankle": Problem(classes=("pronation", "neutral", "supination")),
}


def source_of(name: str, **changes: Any) -> SyntheticSource:
    small = {"kind": "synthetic", "generator": name, "subjects": 2, "frames_per_subject": 3}
    return SyntheticSource.model_validate(small | {"width": 96, "height": 128, "seed": 1} | changes)


def labels_of(source: SyntheticSource, folder: Path) -> Labels:
    """The generator's files, read as collect reads them."""
    path = generate(source, folder)
    read_as = TypeAdapter[Any](Source).validate_python(label_format(source))
    return READERS[read_as.kind](path, folder, read_as, PROBLEMS[source.generator])


def size_of(path: Path) -> tuple[int, int]:
    if is_video(path.name):
        with VideoReader(path) as reader:
            image = next(iter(reader.frames())).image
    else:
        image = read_picture(path).image
    return image.shape[1], image.shape[0]


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_every_registered_generator_has_a_problem() -> None:
    assert set(PROBLEMS) == {*GENERATORS, *STILLS}


@pytest.mark.parametrize("name", PROBLEMS)
class TestEveryGenerator:
    """Of videos and of pictures."""

    def test_the_same_settings_make_the_same_bytes_and_another_seed_others(self, name: str, tmp_path: Path) -> None:
        for folder, seed in (("one", 1), ("two", 1), ("three", 2)):
            generate(source_of(name, subjects=1, seed=seed), tmp_path / folder)
        one, two, three = (files_of(tmp_path / folder) for folder in ("one", "two", "three"))
        assert one == two
        assert one != three

    def test_collect_reads_all_labels_and_they_lie_in_their_images(self, name: str, tmp_path: Path) -> None:
        labels, problem = labels_of(source_of(name), tmp_path), PROBLEMS[name]
        assert len(labels.table) and not labels.dropped
        sizes = {media: size_of(tmp_path / media) for media in labels.table["media"].unique()}
        size = np.array([sizes[media] for media in labels.table["media"]])
        xy, visibility = keypoints_of(labels.table, problem.keypoints)
        assert np.isfinite(xy[visibility > 0]).all()
        assert ((xy >= -0.5) & (xy <= size[:, None] - 0.5) | np.isnan(xy)).all()
        if problem.classes:
            assert set(labels.table[CLASS]) <= set(problem.classes)
        if set(BOX_COLUMNS) <= set(labels.table):
            boxes = labels.table[BOX_COLUMNS].to_numpy(np.float64)
            assert (boxes[:, :2] >= -0.5).all() and (boxes[:, :2] + boxes[:, 2:] <= size - 0.5).all()

    def test_more_subjects_leave_those_before_as_they_are(self, name: str, tmp_path: Path) -> None:
        few = labels_of(source_of(name, subjects=1), tmp_path / "few").table
        more = labels_of(source_of(name, subjects=2), tmp_path / "more").table
        assert more["subject"].nunique() >= few["subject"].nunique()
        pd.testing.assert_frame_equal(more[more["media"].isin(few["media"])].reset_index(drop=True), few)
