"""The reference has what a consumer's record of the same input would have."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from heelstrike.measure.radii import Radii
from heelstrike.model import load
from heelstrike.monitor.folder import read_records
from heelstrike.monitor.reference import REFERENCE, read_reference, reference_bytes
from heelstrike.monitor.wire import InputRecord
from heelstrike.package.runtime import Package
from heelstrike.video.writer import write_video
from pipeline.evaluate.judged_split import JudgedSplit
from pipeline.package.reference import make_reference
from pipeline.package.settings import ReferenceSettings
from pipeline.prepare.labelled import Labelled
from pipeline.scoring.case_table import Cases
from tests.packages import add_temporal_graph, make_package

RADII = Radii(level=0.9, subjects=20, difficulty=((1.0, 2.0),), factors=(1.0,) * 6, quantities={"left": 1.0})


@pytest.fixture
def package(tmp_path: Path) -> Package:
    make_package(tmp_path / "package")
    return Package.load(tmp_path / "package", threads=1)


@pytest.fixture
def split(tmp_path: Path) -> JudgedSplit:
    """Anna has two videos of eight frames, of which two frames are labelled; Ben has two photographs."""
    rng, images, subjects = np.random.default_rng(1), list[Labelled](), list[str]()
    for name, shade in (("one", 90), ("two", 150)):
        frames = [np.clip(rng.normal(shade, 3, (60, 80, 3)), 0, 255).astype(np.uint8) for _ in range(8)]
        write_video(tmp_path / f"{name}.mp4", frames, 25)
        for number in (0, 7):
            file = tmp_path / f"{name}-{number}.png"
            cv2.imwrite(str(file), frames[number])
            images.append(Labelled(file, tmp_path / f"{name}.mp4", number))
            subjects.append("anna")
    for name in ("left", "right"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((60, 80, 3), 120, np.uint8))
        images.append(Labelled(tmp_path / f"{name}.png"))
        subjects.append("ben")
    count = len(images)
    cases = Cases(
        images=np.array([image.file.name for image in images]),
        subjects=np.array(subjects),
        slices={"tone": np.array(["I"] * count)},
        scale=np.full(count, np.nan),
        mm_per_px=np.full(count, np.nan),
        exams=np.array([""] * count),
        placement=np.full((count, 3, 3), np.nan),
        truth={},
        answers={},
        threshold=0.5,
    )
    return JudgedSplit(tuple(images), cases, "0" * 64)


def same(first: InputRecord, second: InputRecord) -> bool:
    fields = {"id", "time", "model"}
    return first.model_dump(exclude=fields) == second.model_dump(exclude=fields)


def test_one_input_of_each_person_as_a_consumer_would_record_it(
    package: Package, split: JudgedSplit, tmp_path: Path
) -> None:
    reference = make_reference(package, split, ReferenceSettings())
    video, still = reference.records
    assert (video.kind, video.frames, still.kind, still.frames) == ("video", 8, "image", 1)
    model = load(package=package.folder, threads=1)
    for name in ("one.mp4", "two.mp4", "left.png"):
        model.write(tmp_path / name, tmp_path / "out", record=tmp_path / "records")
    consumers = read_records(tmp_path / "records").items
    assert sum(same(video, record) for record in consumers) == 1
    assert sum(same(still, record) for record in consumers) == 1


def test_a_video_is_answered_from_several_frames_as_the_consumers_are(split: JudgedSplit, tmp_path: Path) -> None:
    """Otherwise every consumer of a package with a temporal model would seem to have drifted."""
    folder = tmp_path / "package"
    make_package(folder, temporal=add_temporal_graph(folder), radii=RADII)
    video = make_reference(Package.load(folder, threads=1), split, ReferenceSettings()).records[0]
    for name in ("one.mp4", "two.mp4"):
        load(package=folder, threads=1).write(tmp_path / name, tmp_path / "out", record=tmp_path / "records")
    assert sum(same(video, record) for record in read_records(tmp_path / "records").items) == 1


def test_other_numbers_and_missing_videos(package: Package, split: JudgedSplit, tmp_path: Path) -> None:
    settings = ReferenceSettings(people=1, frames=3)
    (cut,) = make_reference(package, split, settings).records
    assert cut.frames == 3
    for file in tmp_path.glob("*.mp4"):
        file.unlink()
    (labelled,) = make_reference(package, split, settings).records
    assert (labelled.kind, labelled.frames, labelled.fps) == ("video", 2, None)


def test_a_reference_is_read_back_and_has_no_names(package: Package, split: JudgedSplit, tmp_path: Path) -> None:
    reference = make_reference(package, split, ReferenceSettings())
    content = reference_bytes(reference)
    assert not any(name in content for name in (b"anna", b"ben", b"mp4", b"png"))
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / REFERENCE).write_bytes(content)
    assert read_reference(tmp_path / "copy") == reference
    again = make_reference(package, split, ReferenceSettings())
    assert content == reference_bytes(again)
