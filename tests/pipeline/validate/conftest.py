"""A clean table of six markers seen from behind: two videos of a person who walks away."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.annotations import with_keypoints
from pipeline.problem import Problem

KEYPOINTS = ("left_shank", "left_ankle", "left_heel", "right_shank", "right_ankle", "right_heel")
SIZE = (640, 480)


@pytest.fixture(scope="session")
def problem() -> Problem:
    left, right = KEYPOINTS[:3], KEYPOINTS[3:]
    return Problem(
        keypoints=KEYPOINTS,
        flip_pairs=tuple(zip(left, right, strict=True)),
        skeleton=((left[0], left[1]), (left[1], left[2]), (right[0], right[1]), (right[1], right[2])),
    )


@pytest.fixture(scope="session")
def walk() -> Callable[..., pd.DataFrame]:
    """Makes a clean table: `subjects` people, `frames` labelled frames each, ten a second, shrinking as they walk."""

    def make(subjects: int = 3, frames: int = 20, seed: int = 0) -> pd.DataFrame:
        random = np.random.default_rng(seed)
        count = subjects * frames
        person, t = np.divmod(np.arange(count), frames)
        scale = (1.4 - 0.8 * t / frames)[:, None, None]
        build = random.normal(1.0, 0.05, (subjects, 6, 1))[person]
        body = np.array([[-30, -60], [-33, 20], [-32, 60], [30, -60], [33, 20], [32, 60]], dtype=float) * build
        step = 4 * np.sin(t / 2)[:, None, None] * np.array([1, 1, 1, -1, -1, -1])[None, :, None]
        xy = np.array([320.0, 240.0]) + scale * (body + step * [0.3, 1.0]) + random.normal(0, 0.4, (count, 6, 2))
        low, high = xy.min(axis=1) - 20, xy.max(axis=1) + 20
        table = pd.DataFrame(
            {
                "image": [f"images/p{p}/{i:04d}.png" for p, i in zip(person, t, strict=True)],
                "instance": 0,
                "subject": [f"p{p}" for p in person],
                "video": [f"p{p}.mp4" for p in person],
                "frame": 3 * t,
                "time_s": t / 10,
                "width": SIZE[0],
                "height": SIZE[1],
                "mm_per_px": np.nan,
                "box_x": low[:, 0],
                "box_y": low[:, 1],
                "box_w": high[:, 0] - low[:, 0],
                "box_h": high[:, 1] - low[:, 1],
                "phash": [f"{v:016x}" for v in random.integers(0, 2**63, count, dtype=np.uint64)],
                "source": [f"labels.csv:{row + 2}" for row in range(count)],
                "file_width": SIZE[0],
                "file_height": SIZE[1],
            }
        )
        return with_keypoints(table, KEYPOINTS, xy, np.full((count, 6), 2))

    return make


@pytest.fixture
def collected(walk: Callable[..., pd.DataFrame], tmp_path: Path) -> Path:
    """A repository root with data/rearfoot/collect as the collect stage leaves it, images all black."""
    from PIL import Image

    from pipeline.annotations import write_table

    table = walk()
    folder = tmp_path / "data" / "rearfoot" / "collect"
    for name in table["image"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", SIZE).save(folder / name)
    write_table(table, folder / "annotations.parquet", KEYPOINTS)
    return tmp_path
