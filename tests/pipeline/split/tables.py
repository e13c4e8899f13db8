"""Small annotation tables, and layouts that hold them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.annotations import with_keypoints, write_table
from pipeline.layout import Layout
from pipeline.params import ProblemParams, parse_params

KEYPOINTS = ("left", "right", "top")


def params_of(**sections: Any) -> ProblemParams:
    problem = {"keypoints": list(KEYPOINTS), "flip_pairs": [["left", "right"]], "skeleton": [["left", "top"]]}
    section = {
        "problem": problem,
        "collect": {"sources": [{"kind": "csv"}]},
        "model": {"name": "spatial"},
    }
    return parse_params({"problems": ["tiny"], "tiny": section | sections})["tiny"]


def table_of(images_of: dict[str, int], tones: dict[str, str] | None = None) -> pd.DataFrame:
    """Subject to number of its images; the hashes of all images are far apart."""
    subjects = [subject for subject, count in images_of.items() for _ in range(count)]
    names = [f"images/{s}/{n:04d}.png" for s, count in images_of.items() for n in range(count)]
    count = len(subjects)
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "image": names,
            "instance": 0,
            "subject": subjects,
            "video": [f"{s}.mp4" for s in subjects],
            "frame": [n for c in images_of.values() for n in range(c)],
            "time_s": [n / 25 for c in images_of.values() for n in range(c)],
            "width": 64,
            "mm_per_px": np.nan,
            "height": 48,
            "box_x": 1.5,
            "box_y": 2.5,
            "box_w": 40.0,
            "box_h": 30.0,
            "phash": [f"{v:016x}" for v in rng.integers(0, 2**63, count)],
            "source": [f"labels.csv:{n + 2}" for n in range(count)],
            "slice_tone": [(tones or {}).get(s, "I") for s in subjects],
        }
    )
    xy, visibility = rng.uniform(5, 40, (count, len(KEYPOINTS), 2)), np.full((count, len(KEYPOINTS)), 2)
    xy[0, 2], visibility[0, 2] = np.nan, 0
    return with_keypoints(table, KEYPOINTS, xy, visibility)


def layout_with(table: pd.DataFrame, root: Path) -> Layout:
    layout = Layout(root, "tiny")
    write_table(table, layout.out("collect") / "annotations.parquet", KEYPOINTS)
    return layout
