"""A whole grid, row after row: what is finished is kept, what fails is recorded, the rest goes on."""

import shutil
import traceback
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock

from heelstrike.errors import UserError
from heelstrike.files import folder_aside, json_digest, write_json
from heelstrike.progress import Event, listening
from pipeline.grid.data import data_digest
from pipeline.grid.definition import Definition
from pipeline.grid.row import Scale, machine, read_result, row_digest, run_row
from pipeline.grid.rows import Planned, plan_rows, started
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.tracking.grid import log_row
from pipeline.tracking.runs import Run, grid_run


class Watch(Protocol):
    """What a caller sees of a run."""

    def start(self, row: str) -> None:
        """A row begins."""

    def event(self, row: str, event: Event) -> None:
        """Progress within the row."""

    def finish(self, row: str, result: dict[str, Any], again: bool) -> None:
        """The row is done; `again` where an earlier run had finished it."""


@dataclass(frozen=True)
class Places:
    """Where a grid's files lie: results and tables below reports/, weights below models/, neither in git."""

    layout: Layout
    grid: str

    @property
    def reports(self) -> Path:
        """Tables and figures; rows/NAME.json below it."""
        return self.layout.out("evaluate").parent / "grid" / self.grid

    def result(self, row: str) -> Path:
        """A row's result."""
        return self.reports / "rows" / f"{row}.json"

    def trained(self, row: str) -> Path:
        """A row's weights, settings, history and table of test images."""
        return self.layout.out("train").parent / "grid" / self.grid / row


def folder_of_all(root: Path, grid: str) -> Path:
    """Where what a grid says of several problems goes."""
    return root / "reports" / "grid" / grid


def run_grid(
    definition: Definition, params: ProblemParams, layout: Layout, scale: Scale, only: str, watch: Watch
) -> dict[str, dict[str, Any]]:
    """Run the rows that are not finished with these settings and this data.

    Args:
        definition: The grid.
        params: The problem's section of params.yaml.
        layout: The repository and the problem.
        scale: Budget, and how many images.
        only: Names of rows, separated by commas; empty for all.
        watch: Told of each row.

    Returns:
        Row to result.

    Raises:
        UserError: Settings are wrong, a name is unknown, the data set is not there, or the MLflow store fails.
    """
    planned = [started(row, layout.root) for row in plan_rows(definition, params, scale.budget, only)]
    data, places = data_digest(layout), Places(layout, definition.name)
    results = {}
    places.reports.mkdir(parents=True, exist_ok=True)
    digest = json_digest([definition.name, data, scale.budget, scale.images])
    with ExitStack() as stack:
        with FileLock(places.reports / "run.lock"):  # two processes at once find or make one parent run
            parent = stack.enter_context(grid_run(layout, definition.name, digest))
        for one in planned:
            watch.start(one.name)
            with _alone(one, scale, places, data):  # another process at the same grid: wait for it, take what it found
                found = read_result(places.result(one.name))
                again = found is not None and _finished(found, one, scale, data)
                if found is None or not again:
                    same = _same_elsewhere(one, scale, places, data)
                    result = _run(one, scale, places, data, watch) if same is None else _copied(same, one, places)
                else:
                    result = found
                _log(parent, one, result, places)
            results[one.name] = result
            watch.finish(one.name, result, again)
    return results


def _alone(planned: Planned, scale: Scale, places: Places, data: str) -> FileLock:
    """A lock on these settings; the operating system frees it when this process dies, however it dies."""
    folder = places.layout.work("grid", "locks")
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f"{row_digest(planned, scale, data)[:16]}.lock")


def _finished(result: dict[str, Any], planned: Planned, scale: Scale, data: str) -> bool:
    """Whether this is the result of the same row; a row that failed is tried again."""
    return result.get("state") == "finished" and result.get("digest") == row_digest(planned, scale, data)


def _same_elsewhere(planned: Planned, scale: Scale, places: Places, data: str) -> dict[str, Any] | None:
    """The result of another row that is finished and has the same settings: a setting may stand in several tables."""
    others = (read_result(path) for path in sorted(places.reports.glob("rows/*.json")))
    usable = (one for one in others if one is not None and places.trained(one["row"]).is_dir())
    return next((one for one in usable if _finished(one, planned, scale, data)), None)


def _copied(same: dict[str, Any], planned: Planned, places: Places) -> dict[str, Any]:
    """What another row has found, as this row's own."""
    with folder_aside(places.trained(planned.name)) as folder:
        shutil.copytree(places.trained(same["row"]), folder, dirs_exist_ok=True)
    result = same | {"row": planned.name, "table": planned.row.table, "same_as": same["row"]}
    write_json(places.result(planned.name), result)
    return result


def _run(planned: Planned, scale: Scale, places: Places, data: str, watch: Watch) -> dict[str, Any]:
    name = planned.name
    about = {
        "row": name,
        "table": planned.row.table,
        "digest": row_digest(planned, scale, data),
        "budget": scale.budget,
        "machine": machine(),
    }
    try:
        with listening(lambda event: watch.event(name, event)):
            found = run_row(planned, scale, places.layout, data, places.trained(name))
    except Exception as error:  # whatever a row fails of, the others are still worth running
        message = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        found = {"state": "failed", "message": message}
        if not isinstance(error, UserError):
            found["trace"] = traceback.format_exc()
    result = about | found
    write_json(places.result(name), result)
    return result


def _log(parent: Run, planned: Planned, result: dict[str, Any], places: Places) -> None:
    params = planned.params.model_dump(mode="json", include={"problem": {"input"}, "prepare": True})
    settings = params | {"collect": {"box_buffer_px": planned.params.collect.box_buffer_px}}
    log_row(parent, result, settings, places.trained(planned.name))
