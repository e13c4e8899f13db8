"""Labels of many frames become arrays without a dictionary for each of them in memory."""

import tracemalloc
from pathlib import Path

import numpy as np

from heelstrike.files import write_json
from heelstrike.preprocess.settings import InputSize
from pipeline.coco_entries import entries
from pipeline.prepare.labels import write_labels
from pipeline.problem import Problem

PROBLEM = Problem(keypoints=("a", "b"), input=InputSize(width=64, height=64))


def write_split(path: Path, count: int) -> None:
    about = {"width": 64, "height": 48, "subject": "s", "video": "walk.mp4", "time_s": 0.5, "slices": {"foot": "left"}}
    images = [{"id": n, "file_name": f"images/walk.mp4/{n:06d}.png", "frame": n} | about for n in range(count)]
    label = {"subject": "s", "category_id": 1, "bbox": [1.0, 2.0, 3.0, 4.0], "keypoints": [1.5, 2.5, 2.0] * 2}
    write_json(path, {"images": images, "annotations": [{"id": n, "image_id": n} | label for n in range(count)]})


def test_memory_grows_by_the_table_alone(tmp_path: Path) -> None:
    peaks = []
    for count in (500, 3_500):
        path = tmp_path / f"{count}.json"
        write_split(path, count)
        tracemalloc.start()
        index = write_labels(entries(path, "images"), entries(path, "annotations"), PROBLEM, tmp_path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(index) == count == len(np.load(tmp_path / "keypoints.npy"))
    assert (peaks[1] - peaks[0]) / 3_000 < 600  # bytes a frame: 320 of arrays and columns; dictionaries would be 2,100
