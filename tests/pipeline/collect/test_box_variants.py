"""Another box buffer without another collect: what comes out is what the whole road would have made."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pipeline.collect import stage as collect
from pipeline.collect.boxes import rebuffered
from pipeline.layout import Layout
from pipeline.params import ProblemParams, parse_params
from pipeline.split import stage as split
from pipeline.splits import SPLITS


def params(buffer_px: float) -> ProblemParams:
    section: dict[str, Any] = {
        "problem": {"keypoints": ["a", "b"], "input": {"width": 64, "height": 64}},
        "collect": {"sources": [{"kind": "csv"}], "box_buffer_px": buffer_px},
        "model": {"name": "spatial"},
    }
    return parse_params({"problems": ["p"], "p": section})["p"]


def road(root: Path, buffer_px: float) -> Layout:
    """Twelve photographs, some with a point missing, collected and split."""
    layout, rng = Layout(root, "p"), np.random.default_rng(3)
    layout.raw.mkdir(parents=True)
    rows = ["video,subject,a_x,a_y,b_x,b_y"]
    for n in range(12):
        image = cv2.resize(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8), (320, 240))
        cv2.imwrite(str(layout.raw / f"{n}.png"), image)
        x, y = rng.uniform(0, 320, 2), rng.uniform(0, 240, 2)
        rows.append(f"{n}.png,s{n},{x[0]:.3f},{y[0]:.3f}," + ("," if n % 3 == 0 else f"{x[1]:.3f},{y[1]:.3f}"))
    (layout.raw / "labels.csv").write_text("\n".join(rows) + "\n")
    chosen = params(buffer_px)
    for stage in (collect, split):
        stage.run(chosen, layout)
    return layout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return road(tmp_path_factory.mktemp("buffer-80"), 80)


@pytest.mark.parametrize("buffer_px", [20, 40, 80, 100])
def test_a_variant_is_what_the_whole_road_would_have_made(made: Layout, tmp_path: Path, buffer_px: float) -> None:
    expected = road(tmp_path / "road", buffer_px)
    for name in SPLITS:
        coco = json.loads((made.out("split") / f"{name}.json").read_text())
        before = json.dumps(coco)
        variant = rebuffered(coco, buffer_px)
        assert json.dumps(coco) == before
        assert variant == json.loads((expected.out("split") / f"{name}.json").read_text())


def test_an_instance_without_labels_keeps_its_box() -> None:
    nothing = {"image_id": 1, "num_keypoints": 0, "keypoints": [0, 0, 0], "bbox": [0.0] * 4, "area": 0.0}
    coco = {"images": [{"id": 1, "width": 9, "height": 9}], "annotations": [nothing]}
    assert rebuffered(coco, 20) == coco
