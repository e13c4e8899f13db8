"""A head and a network that only this folder knows, taken from training to the gates: one line in each registry."""

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from heelstrike.files import write_json
from heelstrike.package.runtime import Package
from pipeline.evaluate import stage as evaluate
from pipeline.evaluate.judged_split import read_judged_split
from pipeline.heads import HEADS
from pipeline.layout import Layout
from pipeline.models.settings import ARCHITECTURES
from pipeline.package import stage as package
from pipeline.params import ProblemParams, parse_params
from pipeline.prepare import stage as prepare
from pipeline.registry.examine import examine
from pipeline.train import stage as train
from tests.pipeline.heads.toy import VISIBLE
from tests.pipeline.heads.toy.network import CounterSettings

NAMES = ("a", "b", "c")
SIDE = 32
SECTION = {
    "problem": {"keypoints": NAMES, "input": {"width": SIDE, "height": SIDE}},
    "collect": {"sources": [{"kind": "csv"}]},
    "model": {"name": "counter"},
    "train": {
        "steps": [{"heads": ["visible"], "epochs": 20}],
        "batch_size": 8,
        "lr": 0.05,
        "threads": 1,
        "precision": "32",
    },
    "evaluate": {"bootstrap": 100, "sheet_images": 2},
}


@pytest.fixture
def params(monkeypatch: pytest.MonkeyPatch) -> ProblemParams:
    monkeypatch.setitem(HEADS, VISIBLE.name, VISIBLE)
    monkeypatch.setitem(ARCHITECTURES, "counter", CounterSettings)
    return parse_params({"problems": ["dots"], "dots": SECTION})["dots"]


def write_split(layout: Layout, split: str, count: int) -> None:
    """Gray images in which each visible keypoint is a white disc, and their COCO file."""
    rng = np.random.default_rng(len(split))
    images, annotations = [], []
    for number in range(count):
        image, name = np.full((SIDE, SIDE, 3), 90, np.uint8), f"images/{split}/{number}.png"
        points: list[float] = []
        for place in range(len(NAMES)):
            x, y, there = 6 + 10 * place, float(rng.integers(6, 26)), rng.random() < 0.5 or place == number % 3
            points += [x, y, 2] if there else [0, 0, 0]
            if there:
                cv2.circle(image, (x, int(y)), 4, (255, 255, 255), -1)
        (layout.out("collect") / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(layout.out("collect") / name), image)
        subject = f"{split}-{number % 4}"
        about = {"subject": subject, "video": "", "frame": -1, "time_s": 0.0, "slices": {"tone": "I"}}
        images.append({"id": number, "file_name": name, "width": SIDE, "height": SIDE, **about})
        box = {
            "bbox": [2, 2, 28, 28],
            "area": 784,
            "iscrowd": 0,
            "category_id": 1,
            "num_keypoints": sum(points[2::3]) / 2,
        }
        annotations.append({"id": number, "image_id": number, "keypoints": points, "subject": subject, **box})
    write_json(layout.out("split") / f"{split}.json", {"images": images, "annotations": annotations, "categories": []})


def test_one_folder_and_one_line_make_a_head(tmp_path: Path, params: ProblemParams) -> None:
    layout = Layout(tmp_path, "dots")
    for split, count in (("train", 32), ("val", 16), ("test", 12)):
        write_split(layout, split, count)
    prepare.run(params, layout)
    plan = params.model_dump(mode="json", include={"model", "train", "augment"})
    off = dict.fromkeys(("flip", "zoom", "tilt", "shift", "colour", "saturation", "negative", "blur", "noise"), 0.0)
    write_json(layout.out("search") / "best.json", plan | {"augment": off})

    train.run(params, layout)
    history = pd.read_csv(layout.out("train") / "history.csv")
    assert history["val_points_off"].min() < 0.5 < history["val_points_off"].iloc[0]

    evaluate.run(params, layout)
    metrics = json.loads((layout.out("evaluate").parent / "metrics.json").read_text())
    off_by = metrics["visible"]["points_off"]
    assert 0 < off_by < 0.5
    assert f"It is {off_by:.1f} points off." in (layout.out("evaluate") / "report.html").read_text()

    package.run(params, layout)
    folder = layout.out("package")
    assert "how many keypoints are visible" in (folder / "card.md").read_text()
    packaged = Package.load(folder)
    tests = read_judged_split(layout, params)
    assert packaged.predict(np.full((50, 40, 3), 90, np.uint8)).heads == ("visible",)
    score = examine(packaged, tests, params, "challenger").score
    assert score.metric == "visible/points_off"
    assert score.value == pytest.approx(off_by, abs=1e-3)
