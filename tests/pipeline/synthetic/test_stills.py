"""Drawn images: reproducible, labelled exactly, with the published class imbalance."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from pipeline.collect.readers import READERS
from pipeline.collect.settings import Source
from pipeline.problem import Problem
from pipeline.synthetic.ankle import photograph
from pipeline.synthetic.generators import generate, label_format
from pipeline.synthetic.settings import SyntheticSource
from pipeline.synthetic.shapes import picture


def settings(generator: str, **changes: int) -> SyntheticSource:
    small = {"kind": "synthetic", "generator": generator, "subjects": 3, "frames_per_subject": 4}
    return SyntheticSource.model_validate(small | {"width": 64, "height": 64, "seed": 1} | changes)


@pytest.mark.parametrize(
    ("generator", "problem", "images"),
    [
        ("shapes", Problem(classes=("circle", "square", "triangle"), multi_instance=True), 3),
        ("ankle", Problem(classes=("pronation", "neutral", "supination")), 12),
    ],
)
def test_files_are_read_back_and_are_the_same_every_time(
    tmp_path: Path, generator: str, problem: Problem, images: int
) -> None:
    source, tables = settings(generator), []
    for name in ("one", "two"):
        path = generate(source, tmp_path / name)
        read_as = TypeAdapter(Source).validate_python(label_format(source))
        tables.append(READERS[read_as.kind](path, tmp_path / name, read_as, problem).table)
    pd.testing.assert_frame_equal(*tables)
    assert tables[0]["media"].nunique() == images
    assert set(tables[0]["class"]) <= set(problem.classes)
    for media in tables[0]["media"].unique():
        assert (tmp_path / "one" / media).read_bytes() == (tmp_path / "two" / media).read_bytes()


def test_shapes_lie_in_their_boxes() -> None:
    image, shapes = picture(settings("shapes", width=224, height=224), 5)
    outside = np.ones(image.shape[:2], bool)
    for _, (x1, y1, x2, y2), visible in shapes:
        outside[max(y1 - 2, 0) : y2 + 3, max(x1 - 2, 0) : x2 + 3] = False
        assert 0 <= visible <= 1
    assert (image[outside] == 255).all()
    assert shapes[-1][2] == 1.0, "nothing lies over the last"


def test_classes_are_as_unequal_as_published_and_angles_tell_them() -> None:
    source = settings("ankle", subjects=17, frames_per_subject=19)
    photographs = [photograph(source, index // 19, index) for index in range(323)]
    counts = pd.Series([p.category for p in photographs]).value_counts()
    assert counts.to_dict() == {"pronation": 134, "neutral": 139, "supination": 50}
    sign = {"pronation": 1, "neutral": 0, "supination": -1}
    for p in photographs:
        assert all(np.sign(d) * (abs(d) > 5) == sign[p.category] for d in p.degrees)
