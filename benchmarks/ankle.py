"""The published small network and a ResNet-18 from scratch on the ankles, with intervals, over seeds.

    python -m benchmarks.ankle CHECKOUT [--seeds 3] [--epochs 40] [--only small]

CHECKOUT holds data/ankle/prepare, as after `dvc repro prepare@ankle` with docs/examples/ankle.yaml. The test split
is judged.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from pipeline.heads.arrays import load_arrays
from pipeline.heads.classes.scores import scores, wilson
from pipeline.layout import Layout
from pipeline.models.inference import predict_arrays
from pipeline.models.settings import ClassifierSettings, ExtractorBackbone
from pipeline.params import load_params
from pipeline.train.fit import Plan, fit


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("checkout", type=Path)
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--epochs", type=int, default=40)
    arguments.add_argument("--only", choices=["small", "resnet18"])
    given = arguments.parse_args()
    torch.set_num_threads(1)
    params = load_params(given.checkout / "params.yaml")["ankle"]
    prepared = Layout(given.checkout, "ankle").out("prepare")
    train, val, test = (load_arrays(prepared / split, params.problem) for split in ("train", "val", "test"))
    assert test.classes is not None
    resnet = ClassifierSettings(
        name="classifier", backbone=ExtractorBackbone(name="resnet18"), pool="average", hidden=0, dropout=0.2
    )
    classes, step = params.problem.classes, params.train.steps[-1].shortened(given.epochs)
    for name, model in {"small": params.model, "resnet18": resnet}.items():
        if given.only not in (None, name):
            continue
        every = []
        for seed in range(1, given.seeds + 1):
            settings = params.train.model_copy(update={"steps": (step,), "seed": seed})
            plan = Plan(problem=params.problem, model=model, train=settings, augment=params.augment)
            start = time.process_time()
            with tempfile.TemporaryDirectory() as work:
                fitted = fit(plan, train, val, Path(work))
            probabilities = predict_arrays(fitted.network, test.images)["probabilities"]
            means, each = scores(test.classes, probabilities.argmax(axis=1), len(classes))
            low, high = wilson(round(means["accuracy"] * len(test)), len(test))
            every.append([means["accuracy"], means["macro_f1"], *(own["f1"] for own in each)])
            f1 = "  ".join(f"F1 {label} {own['f1']:.2f}" for label, own in zip(classes, each, strict=True))
            print(
                f"{name} seed {seed}: accuracy {means['accuracy']:.3f} ({low:.2f} to {high:.2f})  "
                f"macro F1 {means['macro_f1']:.3f}  {f1}  "
                f"{len(fitted.history)} epochs, {time.process_time() - start:.0f} CPU s",
                flush=True,
            )
        mean, spread = np.mean(every, axis=0), np.std(every, axis=0, ddof=1) if len(every) > 1 else np.zeros(5)
        names = ["accuracy", "macro F1", *(f"F1 {label}" for label in classes)]
        averages = "  ".join(f"{n} {m:.3f} ± {s:.3f}" for n, m, s in zip(names, mean, spread, strict=True))
        print(f"{name}, mean and standard deviation over {given.seeds} seeds: {averages}", flush=True)


if __name__ == "__main__":
    main()
