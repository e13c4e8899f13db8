"""A small prepared problem with an untrained network: everything the evaluate stage reads."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from heelstrike.preprocess.letterbox import Letterbox
from pipeline.layout import Layout
from pipeline.models.build import build_model, save_weights
from pipeline.params import ProblemParams, parse_params

LEGS = ["left_shank", "left_ankle", "left_heel", "right_shank", "right_ankle", "right_heel"]
REARFOOT = {
    "problem": {"keypoints": LEGS, "skeleton": [LEGS[:2], LEGS[4:]], "input": {"width": 64, "height": 64}},
    "collect": {"sources": [{"kind": "synthetic"}]},
    "augment": {"flip": 0},
    "model": {"name": "spatial", "width": 4, "levels": 1},
    "evaluate": {"bootstrap": 200, "sheet_images": 2},
    "measure": {"name": "rearfoot_angle", "left": LEGS[:3], "right": LEGS[3:]},
}
#: as real data comes: many points, some missing, nothing measured
MOUSE = REARFOOT | {"problem": REARFOOT["problem"] | {"keypoints": [f"p{k}" for k in range(17)], "skeleton": []}}
MOUSE.pop("measure")
SIZE = (120, 90)  # of the original images


def params_of(section: dict) -> ProblemParams:
    return parse_params({"problems": ["p"], "p": section})["p"]


def make_project(root: Path, params: ProblemParams, missing: float = 0.0, seed: int = 0) -> Layout:
    """Write collect's images, split's COCO file, prepare's arrays and train's outputs for 24 images of 4 subjects.

    The validation split is the same as the test split: too few subjects for a radius to have a limit.
    """
    rng = np.random.default_rng(seed)
    layout, problem = Layout(root, "p"), params.problem
    count, k = 24, len(problem.keypoints)
    box = Letterbox.fit(*SIZE, problem.input)
    names = [f"images/v{i // 6}.mp4/{i:06d}.png" for i in range(count)]
    points = rng.uniform((10, 10), (SIZE[0] - 10, SIZE[1] - 10), (count, k, 2))
    if params.measure is not None:
        legs = np.array([[40, 15], [42, 45], [38, 70], [80, 15], [80, 45], [83, 70]], float)
        points = legs + rng.normal(0, 2, (count, 6, 2))
    visibility = np.where(rng.random((count, k)) < missing, 0, 2).astype(np.uint8)
    visibility[0, 0] = 2
    points[visibility == 0] = np.nan

    for name in names:
        path = layout.out("collect") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), rng.integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8))
    boxes = np.tile([5.0, 5.0, 100.0, 75.0], (count, 1))
    _write_coco(layout.out("split") / "test.json", names, points, visibility, boxes, params)
    prepared = layout.out("prepare") / "test"
    prepared.mkdir(parents=True)
    np.save(prepared / "images.npy", rng.integers(0, 255, (count, 64, 64, 3), np.uint8))
    np.save(prepared / "keypoints.npy", box.forward(points).astype(np.float32))
    np.save(prepared / "visibility.npy", visibility)
    np.save(prepared / "boxes.npy", box.forward_boxes(boxes).astype(np.float32))
    np.save(prepared / "letterbox.npy", np.tile([box.scale, box.pad_x, box.pad_y], (count, 1)))
    index = pd.DataFrame({"image": names, "subject": [f"s{i // 6}" for i in range(count)], "video": "", "frame": -1})
    index["time_s"], index["width"], index["height"] = np.nan, *SIZE
    index["mm_per_px"], index["mirrored"] = np.nan, False
    index["slice_tone"] = ["I" if i < 12 else "VI" for i in range(count)]
    index.to_parquet(prepared / "index.parquet", index=False)
    shutil.copytree(prepared, prepared.with_name("val"))

    trained = layout.out("train")
    trained.mkdir(parents=True)
    torch.manual_seed(seed)
    save_weights(build_model(problem, params.model), trained / "weights.safetensors")
    settings = {"problem": problem.model_dump(mode="json"), "model": params.model.model_dump(mode="json")}
    (trained / "settings.json").write_text(json.dumps(settings))
    history = {"step": [0, 0, 1], "epoch": [0, 1, 0], "loss": [3.0, 2.0, 1.0], "val_rmse_px": [9.0, 8.0, 8.5]}
    history["val_box_rmse_px"] = [5.0, 4.0, 4.5]
    pd.DataFrame(history | {"keypoints_loss": [np.nan, 1.0, 0.5], "lr": 1e-3}).to_csv(trained / "history.csv")
    return layout


def _write_coco(
    path: Path, names: list[str], points: np.ndarray, visibility: np.ndarray, boxes: np.ndarray, params: ProblemParams
) -> None:
    triples = np.concatenate([np.nan_to_num(points), visibility[..., None]], axis=2)
    content = {
        "images": [
            {"id": i + 1, "file_name": name, "width": SIZE[0], "height": SIZE[1]} for i, name in enumerate(names)
        ],
        "annotations": [
            {
                "id": i + 1,
                "image_id": i + 1,
                "category_id": 1,
                "iscrowd": 0,
                "bbox": boxes[i].tolist(),
                "area": float(boxes[i, 2] * boxes[i, 3]),
                "keypoints": triples[i].ravel().tolist(),
                "num_keypoints": int((visibility[i] > 0).sum()),
            }
            for i in range(len(names))
        ],
        "categories": [{"id": 1, "name": "thing", "keypoints": list(params.problem.keypoints), "skeleton": []}],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


@pytest.fixture(scope="session")
def make_rearfoot() -> Callable[[Path], tuple[ProblemParams, Layout]]:
    """Make the rear-foot project in a folder."""

    def make(root: Path) -> tuple[ProblemParams, Layout]:
        params = params_of(REARFOOT)
        return params, make_project(root, params)

    return make


@pytest.fixture
def rearfoot() -> ProblemParams:
    return params_of(REARFOOT)


@pytest.fixture
def mouse() -> ProblemParams:
    return params_of(MOUSE)


@pytest.fixture
def rearfoot_project(tmp_path: Path, rearfoot: ProblemParams) -> Layout:
    return make_project(tmp_path, rearfoot)


@pytest.fixture
def mouse_project(tmp_path: Path, mouse: ProblemParams) -> Layout:
    return make_project(tmp_path, mouse, missing=0.3)
