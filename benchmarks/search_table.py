"""A table of learning curves: every setting of a finite space, trained once in each rung. Searches are replayed on it.

Replaying is exact, since the scores of a trial depend on its settings and on nothing else. So many searches can be
compared at the price of one table, as benchmarks of hyperparameter search do (Klein and Hutter, arXiv:1905.04970). The
problem is to find the red disc among discs of other colours.

Example:
    python -m benchmarks.search_table --out /tmp/table
"""

import argparse
import itertools
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from heelstrike.progress import progress
from pipeline.params import ProblemParams, parse_params
from pipeline.search.identity import Identity
from pipeline.search.rungs import ladder
from pipeline.search.space import Space
from pipeline.search.trial import Job, Outcome, run_trial

LR = [float(f"{value:.3g}") for value in np.geomspace(2e-4, 0.1, 10)]
SPACE: dict[str, list[Any]] = {
    "train.lr": LR,
    "train.batch_size": [8, 32],
    "model.codec": ["dsnt", "softmax"],
    "model.dropout": [0.0, 0.3],
}
_SIZE = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the data and the table; it is gone on with")
    parser.add_argument("--part", type=int, default=0, help="number of this part, from 0")
    parser.add_argument("--parts", type=int, default=1, help="parts of the table, for several processes")
    arguments = parser.parse_args()
    make(arguments.out, arguments.part, arguments.parts)


def make(out: Path, part: int = 0, parts: int = 1) -> None:
    """Train every setting that the table lacks."""
    params = problem()
    prepared = out / "prepared"
    if not prepared.exists():
        _write_discs(prepared)
    space, settings, identity = Space(params), params.search, Identity.here(prepared)
    rest = [values for number, values in enumerate(every_setting()) if number % parts == part]
    with progress("table", len(rest)) as bar:
        for values in rest:
            file = out / f"{key_of(values)}.json"
            if not file.exists():
                job = Job(
                    number=0,
                    plan={"problem": params.problem.model_dump(mode="json"), **space.short(values)},
                    rungs=tuple(ladder(settings)),
                    prepared=prepared,
                    images=settings.images,
                    seed=1,
                    work=out / f"work-{part}",
                    identity=identity,
                )
                shutil.rmtree(job.work, ignore_errors=True)
                file.write_text(json.dumps({"values": values, "outcome": run_trial(job).model_dump(mode="json")}))
            bar.advance()


def every_setting() -> list[dict[str, Any]]:
    """Return all settings of the space."""
    return [dict(zip(SPACE, values, strict=True)) for values in itertools.product(*SPACE.values())]


def key_of(values: dict[str, Any]) -> str:
    """Return the name of a setting's file."""
    return "-".join(str(values[path]) for path in SPACE)


def load(out: Path) -> dict[str, Outcome]:
    """Return what training each setting brings, by its key."""
    files = {key_of(values): out / f"{key_of(values)}.json" for values in every_setting()}
    return {key: Outcome.model_validate(json.loads(file.read_text())["outcome"]) for key, file in files.items()}


def problem(**search: Any) -> ProblemParams:
    """Return the problem; its learning rate is an interval, and a trial takes the nearest of the table's."""
    off = dict.fromkeys(("flip", "zoom", "tilt", "shift", "colour", "saturation", "negative", "blur", "noise"), 0.0)
    section = {
        "problem": {"keypoints": ["disc"], "input": {"width": _SIZE, "height": _SIZE}},
        "collect": {"sources": [{"kind": "csv"}]},
        "augment": off,
        **{name: {} for name in ("validate", "split", "prepare", "evaluate", "package", "gates")},
        "measure": None,
        "model": {"name": "spatial", "width": 8, "levels": 3, "codec": "softmax"},
        "train": {"steps": [{"heads": ["box", "keypoints"], "epochs": 9}], "batch_size": 8, "lr": LR[0]},
        "search": {
            "epochs": 9,
            "images": 180,
            "space": {
                "train.lr": {"low": LR[0], "high": LR[-1], "log": True},
                **{path: {"choose": values} for path, values in SPACE.items() if path != "train.lr"},
            },
            **search,
        },
    }
    return parse_params({"problems": ["disc"], "disc": section})["disc"]


def _write_discs(prepared: Path) -> None:
    """Write arrays of discs, of which the red one is to be found."""
    y, x = np.mgrid[:_SIZE, :_SIZE]
    for split, count in (("train", 180), ("val", 90)):
        rng = np.random.default_rng(count)
        images = rng.integers(40, 140, (count, _SIZE, _SIZE, 3)).astype(np.uint8)
        keypoints = rng.uniform(4, _SIZE - 4, (count, 1, 2)).astype(np.float32)
        for image, (point,) in zip(images, keypoints, strict=True):
            discs = [(rng.uniform(4, _SIZE - 4, 2), rng.integers(60, 220, 3) * [0.4, 1, 1]) for _ in range(4)]
            for centre, colour in [*discs, (point, np.array([220, 70, 70]))]:
                image[(x - centre[0]) ** 2 + (y - centre[1]) ** 2 <= 8] = colour
        folder = prepared / split
        folder.mkdir(parents=True)
        np.save(folder / "images.npy", images)
        np.save(folder / "keypoints.npy", keypoints)
        np.save(folder / "visibility.npy", np.full((count, 1), 2, np.uint8))
        np.save(folder / "boxes.npy", np.tile(np.array([2, 2, _SIZE - 4, _SIZE - 4], np.float32), (count, 1)))


if __name__ == "__main__":
    main()
