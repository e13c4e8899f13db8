"""Every reader gives back random labels that were written in its format: points, sizes, orientations, subjects."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import TypeAdapter

from pipeline.annotations import BOX_COLUMNS, CLASS, keypoints_of
from pipeline.collect.images import file_of, with_images
from pipeline.collect.labelled_sizes import in_image_pixels
from pipeline.collect.readers import READERS
from pipeline.collect.settings import Source
from pipeline.collect.sources import one_table, read_source
from pipeline.collect.table_sources import CsvSource
from pipeline.layout import Layout
from pipeline.problem import Problem
from tests import videos
from tests.pipeline.collect.readers.formats import FORMATS, Format, write_table
from tests.pipeline.collect.readers.label_sets import CLASSES, KEYPOINTS, LabelledImage, label_sets
from tests.pipeline.collect.readers.tool_formats import TOOL_FORMATS

_X, _Y = st.floats(0.5, 95), st.floats(0.5, 31)
ALL = FORMATS | TOOL_FORMATS


def collected(form: Format, images: list[LabelledImage], top: Path) -> tuple[pd.DataFrame, list[str]]:
    """Write the labels, read them, and open their images; return the table and the path of each image."""
    layout = Layout(top, "toy")
    folder = layout.raw / "batch"
    folder.mkdir(parents=True)
    paths = form.write(images, folder)
    multiple = form.instances > 1
    content = {"classes": CLASSES} if form.boxes else {"keypoints": KEYPOINTS}
    problem = Problem.model_validate(content | {"multi_instance": multiple})
    source: Any = TypeAdapter(Source).validate_python(form.settings)
    table = with_images(one_table([read_source(source, layout, problem)]), layout)
    table, _ = in_image_pixels(table, problem.keypoints)
    return table, [f"batch/{path}" for path in paths]


def expected_rows(form: Format, image: LabelledImage) -> list[list[float]]:
    """Return the numbers of each instance as the table should have them, sorted."""
    if form.boxes:
        return sorted([*instance.box, CLASSES.index(instance.label)] for instance in image.instances)
    rows = []
    for instance in image.instances:
        points = [(*p[:2], p[2] if form.hidden else 2) if p else (-9, -9, 0) for p in instance.points]
        rows.append([float(value) for point in points for value in point])
    return sorted(rows)


def rows_of(form: Format, table: pd.DataFrame) -> list[list[float]]:
    """Return the numbers of each instance in the table, sorted."""
    if form.boxes:
        labels = table[CLASS].map(CLASSES.index)
        return sorted(pd.concat([table[BOX_COLUMNS], labels], axis=1).to_numpy(float).tolist())
    xy, visibility = keypoints_of(table, KEYPOINTS)
    values = np.concatenate([np.nan_to_num(xy, nan=-9), visibility[..., None]], axis=2)
    return sorted(values.reshape(len(table), -1).tolist())


def every_keypoint_is_labelled(images: list[LabelledImage]) -> bool:
    """Return True if each keypoint is labelled in at least one of the images."""
    points = [instance.points for image in images for instance in image.instances]
    return all(any(columns) for columns in zip(*points, strict=True))


def test_every_reader_has_a_writer():
    assert {form.settings["kind"] for form in ALL.values()} == set(READERS)


@pytest.mark.parametrize("form", ALL.values(), ids=ALL.keys())
class TestRoundTrip:
    @settings(max_examples=8, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(data=st.data())
    def test_labels_come_back(self, form: Format, data: st.DataObject) -> None:
        images = data.draw(label_sets(form.instances, form.stated, form.missing))
        assume(form.boxes or form.lacking or every_keypoint_is_labelled(images))
        with tempfile.TemporaryDirectory() as top:
            table, paths = collected(form, images, Path(top))
        assert len(table) == sum(len(image.instances) for image in images)
        for image, path in zip(images, paths, strict=True):
            part = table[table["media"] == path]
            np.testing.assert_allclose(rows_of(form, part), expected_rows(form, image), atol=0.01, rtol=0)
            assert part["subject"].unique().tolist() == [image.subject]
            assert part[["width", "height"]].drop_duplicates().to_numpy().tolist() == [[image.width, image.height]]
            assert part["frame"].tolist() == [-1] * len(part)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return videos.write_video(tmp_path_factory.mktemp("video") / "walk ü.mp4", frames=12, width=96, height=32)


class TestFrames:
    @settings(max_examples=5, derandomize=True, deadline=None)
    @given(
        frames=st.dictionaries(
            st.integers(0, 11), st.tuples(st.floats(0.5, 95), st.floats(0.5, 31)), min_size=1, max_size=4
        )
    )
    def test_frames_of_a_video_come_back(self, video: Path, frames: dict[int, tuple[float, float]]) -> None:
        with tempfile.TemporaryDirectory() as top:
            layout = Layout(Path(top), "toy")
            layout.raw.mkdir(parents=True)
            shutil.copy(video, layout.raw / video.name)
            rows = [[video.name, frame, "p", *point] for frame, point in frames.items()]
            write_table(layout.raw / "labels.csv", [["video", "frame", "subject", "a_x", "a_y"], *rows])
            source = read_source(CsvSource(kind="csv"), layout, Problem(keypoints=("a",)))
            table = with_images(one_table([source]), layout)
            files = map(file_of, table["place"], table["frame"])
            numbers = [videos.number_of(np.asarray(Image.open(file))) for file in files]
        assert table["frame"].tolist() == numbers == list(frames)
        np.testing.assert_allclose(table[["a_x", "a_y"]].to_numpy(), list(frames.values()), atol=0.01)
        assert table[["width", "height"]].drop_duplicates().to_numpy().tolist() == [[96, 32]]
