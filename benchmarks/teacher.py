"""Does a mean teacher on frames that nobody has labelled pay?

The teacher (Tarvainen and Valpola 2017, arXiv:1703.01780) is the moving average of the network's weights. It sees a
frame of a video plain. The network sees it augmented, and learns the teacher's points, moved like labels, by its own
loss for keypoints. A point weighs as much as the teacher is sure of it: confidence times the sharpness of its maps, 0
below a limit. The weight of this loss rises over the first part of the training (exp(-5 (1 - t)^2)). Each seed has its
own split, weights and order of the images. The network is `refined`, since the sharpness is read from its two maps.

Example, in a copy of the repository with docs/examples/mirror-mouse.yaml as params.yaml, after the collect stage:
    python -m benchmarks.teacher mouse data/raw/mouse/BATCH/videos/test_vid.mp4 --epochs 50 --weights 0 1
"""

import argparse
import importlib
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from jaxtyping import UInt8
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from heelstrike.video.reader import VideoReader
from pipeline.augment.recipe import Recipe, build_recipes
from pipeline.augment.sample import Sample
from pipeline.heads.arrays import Arrays, Batch, load_arrays
from pipeline.layout import Layout
from pipeline.models.inference import predict_arrays
from pipeline.models.network import Network
from pipeline.models.refined import Refined
from pipeline.params import ProblemParams, load_params, problem_in
from pipeline.prepare.preprocess import Preprocess
from pipeline.splits import TEST, TRAIN, VAL
from pipeline.train.data import seed_of
from pipeline.train.fit import Plan, fit
from pipeline.train.module import Training

_TINY = 0.01  # share of the weight below which the teacher is not asked


class Taught(Training):
    """A training with a teacher. `main` sets the class's attributes."""

    weight, decay, certainty, ramp = 1.0, 0.99, 0.1, 0.3
    images = 6
    frames: UInt8[np.ndarray, "N H W C"]
    recipe: Recipe
    average: list[AveragedModel]  # in a list, so that it is no part of the module

    def on_fit_start(self) -> None:
        """Start the average from the network's initial weights."""
        average = get_ema_multi_avg_fn(self.decay)
        self.average = [AveragedModel(self.network, multi_avg_fn=average, use_buffers=True)]

    def on_before_zero_grad(self, optimizer: Optimizer) -> None:
        """Move the average."""
        self.average[0].update_parameters(self.network)

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """Add the teacher's loss."""
        loss = super().training_step(batch, batch_index)
        assert isinstance(self.network, Refined)
        batches = int(self.trainer.num_training_batches)
        done = (self.current_epoch * batches + batch_index) / (self.step.rounds * batches)
        weight = self.weight * float(np.exp(-5 * (1 - min(done / self.ramp, 1)) ** 2))
        if weight < _TINY * self.weight:
            return loss
        rng = np.random.default_rng([seed_of(self.train_settings.seed, self.current_epoch), batch_index, 7])
        pixels, points, sure = self._teach(rng)
        losses = self.network.keypoint_loss(self.network(pixels), points)
        return loss + weight * (losses * sure).mean()

    @torch.no_grad()
    def _teach(self, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Return augmented frames, the teacher's points in them and the weight of each."""
        images = self.frames[rng.choice(len(self.frames), self.images, replace=False)]
        teacher = self.average[0].module.eval()
        assert isinstance(teacher, Refined)
        raw = teacher(torch.from_numpy(images))
        sharp = teacher.codec.confidence(raw["keypoints"]) * teacher.coarse.codec.confidence(raw["coarse"])
        certain = (torch.sigmoid(raw["presence"]) * sharp).numpy()
        certain = np.where(certain > self.certainty, certain, 0)
        moved = [
            self.recipe.apply(_sample(image, points, known > 0), int(rng.integers(2**31)))
            for image, points, known in zip(images, teacher.read_points(raw).numpy(), certain, strict=True)
        ]
        sure = certain * np.stack([sample.visibility > 0 for sample in moved])
        points = np.nan_to_num(np.stack([sample.keypoints for sample in moved]))
        pixels = np.stack([sample.image for sample in moved])
        return torch.from_numpy(pixels), torch.from_numpy(points), torch.from_numpy(sure.astype(np.float32))


def _sample(image: np.ndarray, points: np.ndarray, known: np.ndarray) -> Sample:
    whole = np.array([0, 0, image.shape[1] - 1, image.shape[0] - 1], np.float32)
    points, visibility = np.where(known[:, None], points, np.nan).astype(np.float32), 2 * known.astype(np.uint8)
    return Sample(image, points, visibility, whole, np.empty((0, 5), np.float32))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problem", help="problem of params.yaml without flips; its collect stage has run")
    parser.add_argument("video", type=Path, help="video without labels")
    parser.add_argument("--every", type=int, default=4, help="every so many frames of it (default 4)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--weights", type=float, nargs="+", default=[0, 1], help="of the teacher's loss; 0: no teacher")
    parser.add_argument("--decay", type=float, default=0.99, help="share of the average that stays at each update")
    parser.add_argument("--certainty", type=float, default=0.1, help="limit below which a point is not learned")
    parser.add_argument("--ramp", type=float, default=0.3, help="share of the training over which the weight rises")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    params = problem_in(load_params(Path("params.yaml")), arguments.problem)
    assert not params.augment.flip, "a teacher's certainty does not follow keypoints that change names"
    Taught.decay, Taught.certainty, Taught.ramp = arguments.decay, arguments.certainty, arguments.ramp
    Taught.images = params.train.batch_size
    Taught.recipe = build_recipes(params.augment, params.problem)[0]
    with VideoReader(arguments.video, threads=1) as video:
        prepare = Preprocess(params.problem.input)
        Taught.frames = np.stack([prepare(f.image)[0] for f in video.frames() if f.number % arguments.every == 0])
    table = Table("seed", "weight", "points", "RMSE px", "mean", "median", "beyond 10 px", box=None)
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as folder:
            plan, arrays = prepared(params, Path(folder), arguments.problem, seed, arguments.epochs)
            for weight in arguments.weights:
                Taught.weight = weight
                work = Path(folder) / f"fit-{weight}"
                with patch("pipeline.train.fit.Training", Taught if weight else Training):
                    network = fit(plan, arrays[TRAIN], arrays[VAL], work).network
                table.add_row(str(seed), f"{weight:g}", *errors(network, arrays[TEST]))
    Console(width=120).print(table)


def prepared(params: ProblemParams, root: Path, problem: str, seed: int, epochs: int) -> tuple[Plan, dict[str, Arrays]]:
    """Split by a seed and prepare, in a folder of its own; return the plan of a training and the arrays."""
    here, there = Layout(Path().resolve(), problem), Layout(root, problem)
    for folder in ("raw", "out"):
        source, target = (each.raw if folder == "raw" else each.out("collect") for each in (here, there))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source)
    changes: dict[str, Any] = {"split": params.split.model_copy(update={"seed": seed})}
    for stage in ("split", "prepare"):
        importlib.import_module(f"pipeline.{stage}.stage").run(params.model_copy(update=changes), there)
    steps = tuple(step.shortened(epochs) for step in params.train.steps)
    train = params.train.model_copy(update={"seed": seed, "steps": steps})
    plan = Plan(problem=params.problem, model=params.model, train=train, augment=params.augment)
    return plan, {split: load_arrays(there.out("prepare") / split, plan.problem) for split in (TRAIN, VAL, TEST)}


def errors(network: Network, arrays: Arrays) -> list[str]:
    """Return the number of labelled points, and RMSE of coordinates, mean, median and share beyond 10 px."""
    points = predict_arrays(network, np.array(arrays.images))["keypoints"]
    off = np.linalg.norm(points - arrays.keypoints, axis=-1)[arrays.visibility > 0]
    rmse = np.sqrt((off**2).mean() / 2)
    return [
        str(len(off)),
        f"{rmse:.2f}",
        f"{off.mean():.2f}",
        f"{np.median(off):.2f}",
        f"{100 * (off > 10).mean():.1f} %",
    ]


if __name__ == "__main__":
    main()
