"""A table of learning curves: every setting of a finite space, trained once in each rung. Searches are replayed on it.

Replaying is exact, since the scores of a trial depend on its settings and on nothing else. So many searches can be
compared at the price of one table, as benchmarks of hyperparameter search do (Klein and Hutter, arXiv:1905.04970).

Examples:
    python -m benchmarks.search_table discs --out /tmp/table
    python -m benchmarks.search_table people --out /tmp/people --part 0 --parts 2
"""

import argparse
import itertools
import json
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks import search_discs, search_networks, search_people
from heelstrike.progress import progress
from pipeline.search.identity import Identity
from pipeline.search.rungs import ladder
from pipeline.search.space import Space
from pipeline.search.trial import Job, Outcome, run_trial

PROBLEMS: dict[str, ModuleType] = {
    "discs": search_discs,
    "people": search_people,
    "networks": search_networks,
}
"""Modules with SPACE (values of each setting), `problem`, and `write` for the prepared arrays."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problem", choices=PROBLEMS)
    parser.add_argument("--out", type=Path, required=True, help="folder of the data and the table; it is gone on with")
    parser.add_argument("--part", type=int, default=0, help="number of this part, from 0")
    parser.add_argument("--parts", type=int, default=1, help="parts of the table, for several processes")
    arguments = parser.parse_args()
    make(PROBLEMS[arguments.problem], arguments.out, arguments.part, arguments.parts)


def make(problem: ModuleType, out: Path, part: int = 0, parts: int = 1) -> None:
    """Train every setting that the table lacks."""
    params, prepared = problem.problem(), out / "prepared"
    if not prepared.exists():
        problem.write(prepared)
    space, settings, identity = Space(params), params.search, Identity.here(prepared)
    rest = [values for number, values in enumerate(every_setting(problem.SPACE)) if number % parts == part]
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


def every_setting(space: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Return all settings of a space."""
    return [dict(zip(space, values, strict=True)) for values in itertools.product(*space.values())]


def key_of(values: dict[str, Any]) -> str:
    """Return the name of a setting's file."""
    return "-".join(str(value) for value in values.values())


def load(problem: ModuleType, out: Path) -> dict[str, Outcome]:
    """Return what training each setting brings, by its key."""
    files = {key: out / f"{key}.json" for key in map(key_of, every_setting(problem.SPACE))}
    return {key: Outcome.model_validate(json.loads(file.read_text())["outcome"]) for key, file in files.items()}


if __name__ == "__main__":
    main()
