"""Effect of the anchors' size on the detector: too small, as given, too large; and the scale that finds each category.

    python -m benchmarks.anchors CHECKOUT [--epochs 10] [--problem shapes]

CHECKOUT holds data/PROBLEM/prepare, as after `dvc repro prepare@shapes`. The test split is judged.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from pipeline.heads.arrays import load_arrays
from pipeline.heads.detections.anchors import coverage
from pipeline.heads.detections.matching import match_predictions, matches_by_scale
from pipeline.heads.detections.precision import detection_precision
from pipeline.layout import Layout
from pipeline.models.detector import Detector
from pipeline.models.inference import predict_arrays
from pipeline.models.settings import DetectorSettings
from pipeline.params import load_params
from pipeline.train.fit import Plan, fit

_FACTORS = {"too small (half)": 0.5, "as given": 1.0, "too large (double)": 2.0}
_THRESHOLD = 0.5


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("checkout", type=Path)
    arguments.add_argument("--problem", default="shapes")
    arguments.add_argument("--epochs", type=int, default=10)
    given = arguments.parse_args()
    torch.set_num_threads(1)
    params = load_params(given.checkout / "params.yaml")[given.problem]
    prepared = Layout(given.checkout, given.problem).out("prepare")
    assert isinstance(params.model, DetectorSettings)
    train, val, test = (load_arrays(prepared / split, params.problem) for split in ("train", "val", "test"))
    assert test.objects is not None
    true = [rows[np.isfinite(rows).all(axis=1)].astype(float) for rows in test.objects]
    categories = params.problem.categories
    for name, factor in _FACTORS.items():
        anchors = tuple(tuple(side * factor for side in sides) for sides in params.model.anchors)
        step = params.train.steps[-1].shortened(given.epochs)
        plan = Plan(
            problem=params.problem,
            model=params.model.model_copy(update={"anchors": anchors}),
            train=params.train.model_copy(update={"steps": (step,)}),
            augment=params.augment,
        )
        start = time.process_time()
        with tempfile.TemporaryDirectory() as work:
            network = fit(plan, train, val, Path(work)).network
        seconds = time.process_time() - start
        assert isinstance(network, Detector)
        objects = predict_arrays(network, test.images)["objects"]
        predictions = [rows[rows[:, 5] > 0].astype(float) for rows in objects]
        precision = detection_precision(true, predictions, len(categories))
        confident = [rows[rows[:, 5] >= _THRESHOLD] for rows in predictions]
        table = matches_by_scale(
            [match_predictions(t, a) for t, a in zip(true, confident, strict=True)], len(categories)
        )
        covered = coverage(network, test.objects)
        print(f"\n{name}: anchors {anchors}, {given.epochs} epochs, {seconds:.0f} CPU s")
        print(f"AP {precision['ap']:.3f}  AP50 {precision['ap50']:.3f}  AP75 {precision['ap75']:.3f}")
        for number, category in enumerate(categories):
            shares = "  ".join(f"{share:.0%}" for share in covered[number])
            print(f"  {category:10} found by scale 1, 2, 3: {table[number].tolist()}   covered: {shares}")


if __name__ == "__main__":
    main()
