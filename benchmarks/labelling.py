"""What the queue of the labeller's page is worth: the same budget of labels, chosen by the queue and at random.

People are rendered, with every frame's truth. A network learns from a few frames drawn at random, and then in rounds
from more: those that the queue of `heelstrike serve` chooses by that network's own answers on the videos, or as many
drawn at random. Each round trains from the start, for the same number of updates. The error is that on frames of other
people.

Examples:
    python -m benchmarks.labelling --seeds 0 1 2 3 4 --out all.json
    python -m benchmarks.labelling --join first.json second.json
"""

import argparse
import itertools
import json
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, UInt8

from heelstrike.files import write_json
from heelstrike.preprocess.settings import InputSize
from heelstrike.serve.label.criteria import View
from heelstrike.serve.label.queue import Footage, choose
from heelstrike.serve.label.signals import Signals
from pipeline.augment.settings import AugmentSettings
from pipeline.evaluate.calibrate import keypoint_radii
from pipeline.heads.arrays import Arrays
from pipeline.models.inference import ArrayPredictions, predict_arrays
from pipeline.models.network import Network
from pipeline.models.settings import SpatialSettings
from pipeline.problem import Problem
from pipeline.scoring.cases import Truth
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.rearfoot import render
from pipeline.synthetic.settings import SyntheticSource
from pipeline.train.fit import Plan, fit
from pipeline.train.settings import Step, TrainSettings

_SIDES = ("left", "right")
_NAMES = tuple(f"{side}_{part}" for side in _SIDES for part in ("shank", "ankle", "heel"))
_WIDTH, _HEIGHT = 96, 72
_MARGIN = 8.0  # of a box around its points, pixels
_BATCH, _LEVEL, _SURE = 8, 0.9, 0.5
_GROSS = 5.0  # pixels
_SECONDS = 5.0  # of a video in the pool, so that most frames are not beside a labelled one, which the queue passes over
_WAYS = ("queue", "random")
PROBLEM = Problem(
    keypoints=_NAMES,
    flip_pairs=tuple((f"left_{part}", f"right_{part}") for part in ("shank", "ankle", "heel")),
    sigmas=0.025,
    input=InputSize(width=_WIDTH, height=_HEIGHT),
)


@dataclass
class People:
    """Rendered frames of some people, video by video.

    Attributes:
        arrays: All frames, with their truth.
        person: Number of the person on each frame.
    """

    arrays: Arrays
    person: np.ndarray

    def rows(self, number: int) -> np.ndarray:
        """The frames of one person, in order."""
        return np.flatnonzero(self.person == number)


@dataclass
class Curve:
    """Errors of one way to choose, of one seed.

    Attributes:
        labels: Number of labelled frames at each round.
        error: Mean distance of the points of test frames, pixels.
        gross: Share of them that are more than 5 px off.
        by: How often each criterion chose.
    """

    labels: list[int] = field(default_factory=list)
    error: list[float] = field(default_factory=list)
    gross: list[float] = field(default_factory=list)
    by: dict[str, int] = field(default_factory=dict)


def rendered(first: int, people: int, frames: int, seconds: float = 2.0) -> People:
    """Render the walks of some people, from the person with the number `first` on, at most so many frames of each."""
    settings = SyntheticSource(
        kind="synthetic", subjects=200, seed=31, width=_WIDTH * 2, height=_HEIGHT * 2, frame_step=2, incomplete=0.2
    )
    images: list[UInt8[np.ndarray, "H W 3"]] = []
    points: list[Float[np.ndarray, "K 2"]] = []
    person: list[int] = []
    for number in range(first, first + people):
        for count, (image, xy) in enumerate(render(make_subject(settings, number, seconds))):
            if count >= frames:
                break
            half = image.reshape(_HEIGHT, 2, _WIDTH, 2, 3).mean(axis=(1, 3)).round().astype(np.uint8)
            images.append(half)
            points.append((xy + 0.5) / 2 - 0.5)
            person.append(number - first)
    keypoints = np.array(points, np.float32)
    known = np.asarray(np.isfinite(keypoints).all(axis=2))
    arrays = Arrays(np.array(images), keypoints, np.where(known, 2, 0).astype(np.uint8), _boxes(keypoints))
    labelled = np.flatnonzero(known.any(axis=1)).tolist()  # a frame that shows nothing has no label
    return People(arrays.subset(labelled), np.array(person)[labelled])


def _boxes(keypoints: Float[np.ndarray, "N K 2"]) -> Float[np.ndarray, "N 4"]:
    there = np.isfinite(keypoints)
    low = np.where(there, keypoints, np.inf).min(axis=1) - _MARGIN
    high = np.where(there, keypoints, -np.inf).max(axis=1) + _MARGIN
    low, high = np.clip(low, 0, [_WIDTH, _HEIGHT]), np.clip(high, 0, [_WIDTH, _HEIGHT])
    return np.concatenate([low, high - low], axis=1).astype(np.float32)


def learnt(train: Arrays, val: Arrays, seed: int, updates: int) -> Network:
    """Train a network from the start, with the same number of updates however many frames there are."""
    step = Step(heads=("box", "keypoints"), iterations=updates, every=updates // 4)
    train_settings = TrainSettings(steps=(step,), batch_size=_BATCH, lr=0.004, workers=0, threads=1, seed=seed)
    plan = Plan(
        problem=PROBLEM,
        model=SpatialSettings(name="spatial", width=12, levels=3, dropout=0.0),
        train=train_settings,
        augment=AugmentSettings(),
    )
    with tempfile.TemporaryDirectory() as work:
        return fit(plan, train, val, Path(work)).network


def distance_of(predicted: ArrayPredictions, truth: Arrays) -> tuple[float, float]:
    """Return the mean distance of labelled points, and the share of gross errors."""
    off = np.linalg.norm(predicted["keypoints"] - truth.keypoints, axis=2)
    known = off[np.isfinite(off)]
    return float(known.mean()), float((known > _GROSS).mean())


def footage(
    pool: People, labelled: Bool[np.ndarray, " N"], now: ArrayPredictions, before: ArrayPredictions | None, radius: Any
) -> list[Footage]:
    """Return the videos as the queue sees them: answers of this network, and of that of the round before."""
    result = []
    for number in range(int(pool.person.max()) + 1):
        rows = pool.rows(number)
        view = View(
            PROBLEM.keypoints,
            float(np.hypot(_WIDTH, _HEIGHT)),
            _signals(now, rows, radius),
            other=_signals(before, rows, radius) if before is not None else None,
        )
        result.append(Footage(f"person-{number}", view, frozenset(np.flatnonzero(labelled[rows]).tolist())))
    return result


def _signals(predicted: ArrayPredictions, rows: np.ndarray, radius: Any) -> Signals:
    confidence = predicted["confidence"][rows]
    return Signals(
        predicted["keypoints"][rows], confidence, radius(confidence), confidence >= _SURE, np.zeros(len(rows), bool)
    )


def radii_of(network: Network, val: People) -> Any:
    """Fit the radii on the validation people, as the stage evaluate does."""
    predicted, arrays = predict_arrays(network, val.arrays.images), val.arrays
    index = pd.DataFrame({"subject": [f"person-{number}" for number in val.person]})
    letterbox = np.tile([1.0, 0.0, 0.0], (len(arrays), 1))
    truth = Truth(index, arrays.keypoints, arrays.visibility, arrays.boxes, letterbox)
    return keypoint_radii(truth, predicted, PROBLEM, _LEVEL).of


def drawn(pool: People, count: int, seed: int) -> Bool[np.ndarray, " N"]:
    """Draw the frames that are labelled first, the same for both ways."""
    labelled = np.zeros(len(pool.arrays), bool)
    labelled[np.random.default_rng([seed, 5]).choice(len(labelled), count, replace=False)] = True
    return labelled


def run(
    pool: People, val: People, test: People, way: str, seed: int, begun: Network, arguments: argparse.Namespace
) -> Curve:
    """Label, learn and judge in rounds, from the network on that has learned from the first frames."""
    labelled, network = drawn(pool, arguments.start, seed), begun
    curve, before = Curve(), None
    for number in range(arguments.rounds + 1):
        if number:
            network = learnt(pool.arrays.subset(np.flatnonzero(labelled).tolist()), val.arrays, seed, arguments.updates)
        error, gross = distance_of(predict_arrays(network, test.arrays.images), test.arrays)
        curve.labels.append(int(labelled.sum()))
        curve.error.append(error)
        curve.gross.append(gross)
        print(f"seed {seed} {way:6} {curve.labels[-1]:4} labels: {error:.3f} px, {100 * gross:.1f} % gross", flush=True)
        if number == arguments.rounds:
            break
        now = predict_arrays(network, pool.arrays.images)
        share = arguments.share if way == "queue" else 1.0
        videos = footage(pool, labelled, now, before, radii_of(network, val))
        for one in choose(videos, arguments.step, share, seed):
            labelled[pool.rows(one.footage)[one.frame]] = True
            curve.by[one.by] = curve.by.get(one.by, 0) + 1
        before = now
    return curve


def labels_for(error: float, curve: list[tuple[int, float]]) -> float | None:
    """Return after how many labels a mean curve first reaches an error, linear between rounds; `None`: never."""
    for (few, high), (many, low) in itertools.pairwise(curve):
        if low <= error:
            return few + (many - few) * float(np.clip((high - error) / max(high - low, 1e-9), 0, 1))
    return None


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--rounds", type=int, default=2, help="rounds of further labels")
    parser.add_argument("--start", type=int, default=96, help="labels at first, drawn at random")
    parser.add_argument("--step", type=int, default=48, help="labels of each further round")
    parser.add_argument("--share", type=float, default=0.2, help="share of the queue that is drawn at random")
    parser.add_argument("--updates", type=int, default=1500, help="updates of each training")
    parser.add_argument("--people", type=int, default=40, help="people whose frames can be labelled")
    parser.add_argument("--out", type=Path, help="JSON of all curves")
    parser.add_argument("--join", type=Path, nargs="+", help="only report what earlier runs wrote")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    curves = joined(arguments.join) if arguments.join else measured(arguments)
    report(curves)


def measured(arguments: argparse.Namespace) -> dict[str, list[Curve]]:
    """Render the people, and return the curves of all seeds."""
    begun, people = time.monotonic(), arguments.people
    pool, val, test = rendered(0, people, 80, _SECONDS), rendered(people, 8, 4), rendered(people + 8, 40, 4)
    counts = ", ".join(str(len(part.arrays)) for part in (pool, val, test))
    print(f"rendered {counts} frames in {time.monotonic() - begun:.0f} s", flush=True)
    curves: dict[str, list[Curve]] = {way: [] for way in _WAYS}
    for seed in arguments.seeds:
        first = np.flatnonzero(drawn(pool, arguments.start, seed)).tolist()
        network = learnt(pool.arrays.subset(first), val.arrays, seed, arguments.updates)
        for way in _WAYS:
            curves[way].append(run(pool, val, test, way, seed, network, arguments))
        if arguments.out:  # what is done is kept if the rest is interrupted
            _write(arguments.out, curves)
    return curves


def _write(file: Path, curves: dict[str, list[Curve]]) -> None:
    write_json(file, {way: [vars(curve) for curve in found] for way, found in curves.items()})


def joined(files: list[Path]) -> dict[str, list[Curve]]:
    """Return the curves that earlier runs wrote."""
    runs = [json.loads(file.read_text()) for file in files]
    return {way: [Curve(**curve) for one in runs for curve in one[way]] for way in _WAYS}


def report(curves: dict[str, list[Curve]]) -> None:
    """Print mean errors by the number of labels, and how many labels each way needs for the other's last error."""
    means = {way: np.mean([curve.error for curve in found], axis=0) for way, found in curves.items()}
    gross = {way: 100 * np.mean([curve.gross for curve in found], axis=0) for way, found in curves.items()}
    apart = np.array([curve.error for curve in curves["queue"]]) - [curve.error for curve in curves["random"]]
    labels = curves["queue"][0].labels
    for number, count in enumerate(labels):
        ways = ", ".join(f"{way} {means[way][number]:.3f} px ({gross[way][number]:.1f} % gross)" for way in _WAYS)
        seeds = " ".join(f"{one:+.2f}" for one in apart[:, number])
        print(f"{count:4} labels: {ways}; queue - random {apart[:, number].mean():+.3f} px, by seed {seeds}")
    for way, other in (_WAYS, _WAYS[::-1]):
        goal = float(means[other][-1])
        needed = labels_for(goal, list(zip(labels, means[way].tolist(), strict=True)))
        words = "does not reach it" if needed is None else f"reaches it with {needed:.0f}"
        print(f"{other} has {goal:.3f} px with {labels[-1]} labels; {way} {words}")
    chosen: dict[str, int] = {}
    for curve in curves["queue"]:
        for name, count in curve.by.items():
            chosen[name] = chosen.get(name, 0) + count
    print(f"the queue's frames, by what chose them: {chosen}")


if __name__ == "__main__":
    main()
