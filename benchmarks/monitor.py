"""False alarms and detections of `heelstrike monitor` on rendered video, and what a record costs.

`render` renders walks of many people and predicts every video once by the road of a consumer, with records. `resample`
draws references and windows from these records many times. Populations:

- `clinic`: people of one set-up; the reference is records of that clinic (`--reference`). Each drift changes one thing
  of the set-up; people differ. `blur`, `noise` and `coarse` (a camera of fewer pixels) spoil the picture so that the
  error of the keypoints grows by 25 %.
- `steady`: people of the clinic at the camera's own frame rate, half a second each; the same with answers that
  tremble, so that the error grows by 25 %.
- `many`: every person in a set-up of their own, as in the test split of params.yaml.

Example:
    python -m benchmarks.monitor render PACKAGE .work/monitor
    python -m benchmarks.monitor resample .work/monitor --figure docs/images/monitor.png
    python -m benchmarks.monitor cost PACKAGE
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from jaxtyping import Float
from rich.console import Console
from rich.table import Table
from scipy.optimize import brentq
from scipy.stats import beta, ttest_ind

from benchmarks.monitor_videos import LARGER, SPOILT, calibrate, make, populations, trembled
from heelstrike.monitor.folder import read_records
from heelstrike.monitor.identity import files_by_id
from heelstrike.monitor.watch import Watch
from heelstrike.monitor.wire import InputRecord
from heelstrike.package.runtime import Package
from heelstrike.predict.predictor import predict_path
from heelstrike.predict.results import ModelReference
from heelstrike.video.writer import VideoWriter
from pipeline.monitor.compare import LEVEL, Comparer
from pipeline.scoring.style import BLUE, MUTED, ORANGE, figure, save
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.rearfoot import render
from pipeline.synthetic.settings import SyntheticSource


def resample(work: Path, references: int, windows: int, size: int, path: Path | None) -> None:
    """Draw references and windows, and print and draw the shares of windows that are reported."""
    read = {folder.name: read_records(folder).items for folder in sorted((work / "records").iterdir())}
    drifts = [name for name in read if name.partition("_")[0] in ("height", "light", "markers", *SPOILT)]
    pairs: dict[str, tuple[str, str | None, int]] = {"clinic, no drift": ("clinic", None, references)}
    pairs |= {f"clinic, {name}": ("clinic", name, references // 2) for name in drifts}
    if len(read.get("many", [])) >= 60:
        pairs |= {"many, no drift": ("many", None, references), "many, one clinic": ("many", "clinic", references // 2)}
        pairs |= {f"many, {name}": ("many", name, references // 4) for name in drifts}
    rows = dict[str, Float[np.ndarray, "R W"]]()
    for name, (base, drifted, count) in pairs.items():
        rows[name] = _rate(read[base], read[drifted] if drifted else None, count, windows, size)
        print(f"{name}: {rows[name].mean():.1%} of {rows[name].size}", flush=True)
    weights = tilted(work, read["clinic"])
    name = "clinic, people with a 25 % larger error"
    rows[name] = _rate(read["clinic"], None, references // 2, windows, size, weights)
    print(f"{name}: {rows[name].mean():.1%} of {rows[name].size}", flush=True)
    if (work / "steady.truths.npz").is_file():
        for larger in (LARGER, 2.0):
            steady, shaking, sigma = trembled(work, "steady", larger)
            rows["steady, no drift"] = _rate(steady, None, references, windows, size)
            rows[f"steady, error {larger} times as large by trembling of {sigma:.2%} of the span"] = _rate(
                steady, None, references // 2, windows, size, changed=shaking
            )
    for size_ in (size, 4 * size, 10 * size):
        share = with_labels(np.array(json.loads((work / "clinic.errors.json").read_text()), np.float64), size_)
        print(f"a 25 % larger error, if the error of each of {size_} videos were known: seen in {share:.0%}")
    table = Table("reference and window", "windows", "reported", "95 % interval", "worst tenth of references", box=None)
    for name, hits in rows.items():
        share, low, high = interval(hits)
        worst = float(np.quantile(hits.mean(axis=1), 0.9))
        table.add_row(name, str(hits.size), f"{share:.1%}", f"{low:.1%} to {high:.1%}", f"{worst:.1%}")
    for name in SPOILT:
        if (work / f"{name}.ratio.json").is_file():
            print(f"{name}: error {json.loads((work / f'{name}.ratio.json').read_text()):.2f} times as large")
    Console(width=140).print(table)
    if path is not None:
        draw(rows, size, path)


def tilted(work: Path, records: list[InputRecord]) -> Float[np.ndarray, " P"]:
    """Return weights of people by which their mean error is 25 % larger: `exp(error times a factor)`.

    Nothing else than who comes is changed, so that only confidence and radii can show it.
    """
    files = files_by_id(work / "records/clinic", (work / "videos/clinic").glob("*.mp4"))
    names = sorted(file.name for file in files.values())
    errors = dict(zip(names, json.loads((work / "clinic.errors.json").read_text()), strict=True))
    error = np.nan_to_num(np.array([errors[files[record.id].name] for record in records], np.float64))
    error = np.minimum(error, np.quantile(error, 0.95))

    def excess(factor: float) -> float:
        return float(np.average(error, weights=np.exp(factor * error)) - LARGER * error.mean())

    weights = np.exp(brentq(excess, 0, 50 / error.max()) * error)
    return np.asarray(weights / weights.sum())


def with_labels(errors: Float[np.ndarray, " P"], size: int, windows: int = 4000) -> float:
    """Return how often a 25 % larger error is seen by whoever knows the error of each video, as labels would show it.

    It is a one-sided t-test of the logarithms at the level of 1 %, of this one number alone.
    """
    rng, logs, hits = np.random.default_rng(5), np.log(errors[np.isfinite(errors)]), 0
    for _ in range(windows):
        order = rng.permutation(len(logs))
        window = rng.choice(logs[order[60:]], size) + np.log(LARGER)
        hits += bool(ttest_ind(window, logs[order[:60]], alternative="greater").pvalue <= LEVEL)
    return hits / windows


def _rate(
    base: list[InputRecord],
    drifted: list[InputRecord] | None,
    references: int,
    windows: int,
    size: int,
    weights: Float[np.ndarray, " P"] | None = None,
    changed: list[InputRecord] | None = None,
) -> Float[np.ndarray, "R W"]:
    """Return 1 for each window that is reported, by reference.

    Windows are of the drifted, or of those of base who are not in the reference: as they are, or `changed`.
    """
    rng, hits = np.random.default_rng(3), np.zeros((references, windows))
    people = min(60, 2 * len(base) // 3)
    for row in range(references):
        order = rng.permutation(len(base))
        comparer = Comparer([base[i] for i in order[:people]], permutations=1999)
        pool = [(changed or base)[i] for i in order[people:]] if drifted is None else drifted
        chances = None if weights is None else weights[order[people:]] / weights[order[people:]].sum()
        for column in range(windows):
            chosen = rng.choice(len(pool), size, replace=False, p=chances)
            hits[row, column] = comparer.compare([pool[i] for i in chosen]).drifted
    return hits


def interval(hits: Float[np.ndarray, "R W"]) -> tuple[float, float, float]:
    """Return a share with its 95 % interval (Clopper and Pearson), as if windows were independent."""
    found, total = int(hits.sum()), hits.size
    low = float(beta.ppf(0.025, found, total - found + 1)) if found else 0.0
    high = float(beta.ppf(0.975, found + 1, total - found)) if found < total else 1.0
    return found / total, low, high


def draw(rows: dict[str, Float[np.ndarray, "R W"]], size: int, path: Path) -> None:
    """Draw the shares as points with intervals."""
    with figure(8, 0.32 * len(rows) + 1.1) as (drawn, (axes,)):
        for place, (name, hits) in enumerate(rows.items()):
            share, low, high = (100 * value for value in interval(hits))
            colour = BLUE if "no drift" in name else ORANGE
            axes.plot([low, high], [place, place], color=colour, linewidth=2)
            axes.plot([share], [place], "o", color=colour)
            axes.annotate(f"{share:.1f} %", (share, place), (0, 5), textcoords="offset points", ha="center", fontsize=7)
        axes.set_yticks(range(len(rows)), [name.replace("_", " ") for name in rows])
        axes.invert_yaxis()
        axes.set_xlim(-4, 106)
        for limit in (100 * LEVEL, 95):
            axes.axvline(limit, color=MUTED, linewidth=0.8, linestyle=":")
        axes.set_xlabel(f"windows of {size} videos that are reported, % (dotted: 1 % and 95 %)")
        save(drawn, path)


def cost(package: Package, folder: Path) -> None:
    """Print the CPU time of predicting a walk of six seconds with and without a record, in turns."""
    subject = make_subject(SyntheticSource(kind="synthetic", seed=11), 0, 6.0)
    with VideoWriter(folder / "walk.mp4", subject.fps, subject.quality, preset="superfast") as writer:
        for frame, _ in render(subject):
            writer.add(frame)
    model, times = ModelReference("benchmark"), {True: list[float](), False: list[float]()}
    for turn in range(8):
        watch = Watch(folder / "records") if turn % 2 else None
        start = time.process_time()
        predict_path(folder / "walk.mp4", package, model, folder / "out", watch=watch)
        times[bool(turn % 2)].append(time.process_time() - start)
    without, noted = (min(times[key]) for key in (False, True))
    print(
        f"{subject.frames} frames: {without:.2f} s CPU without, {noted:.2f} s with a record: {noted / without - 1:+.2%}"
    )


def main() -> None:
    """Run one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    rendering = parts.add_parser("render", help="render, predict and record; goes on after an interruption")
    rendering.add_argument("package", type=Path)
    rendering.add_argument("work", type=Path)
    rendering.add_argument("--people", type=int, default=200, help="people of the clinic without drift (default 200)")
    rendering.add_argument("--drifted", type=int, default=25, help="people of each drift (default 25)")
    sampling = parts.add_parser("resample", help="draw references and windows from the records")
    sampling.add_argument("work", type=Path)
    sampling.add_argument(
        "--references", type=int, default=40, help="references, each of at most 60 people (default 40)"
    )
    sampling.add_argument("--windows", type=int, default=20, help="windows for each reference (default 20)")
    sampling.add_argument("--size", type=int, default=5, help="videos of a window (default 5)")
    sampling.add_argument("--figure", type=Path, help="PNG to draw")
    costing = parts.add_parser("cost", help="measure what a record costs")
    costing.add_argument("package", type=Path)
    arguments = parser.parse_args()
    if arguments.part == "resample":
        resample(arguments.work, arguments.references, arguments.windows, arguments.size, arguments.figure)
        return
    package = Package.load(arguments.package, threads=1)
    if arguments.part == "cost":
        with tempfile.TemporaryDirectory() as folder:
            cost(package, Path(folder))
        return
    every = populations(arguments.people, arguments.drifted)
    first = ("clinic", "height_0.8", "light_dim", "markers_cross")
    for name in first:
        make(name, every[name], package, arguments.work)
    calibrate(package, arguments.work, arguments.drifted)
    for name in (name for name in every if name not in first):
        make(name, every[name], package, arguments.work)


if __name__ == "__main__":
    main()
