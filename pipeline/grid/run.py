"""Running of a whole grid, row by row. Finished rows are kept, failures are recorded, and the other rows go on."""

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
from pipeline.tracking.run import Run
from pipeline.tracking.runs import grid_run


class Watch(Protocol):
    """Callbacks that report the progress of a run."""

    def start(self, row: str) -> None:
        """Report that a row begins."""

    def event(self, row: str, event: Event) -> None:
        """Report progress within a row."""

    def finish(self, row: str, result: dict[str, Any], again: bool) -> None:
        """Report that a row has ended; `again` is true if an earlier run had finished it."""


@dataclass(frozen=True)
class Places:
    """Paths of a grid's files: results and tables below reports/, weights below models/, neither in git."""

    layout: Layout
    grid: str

    @property
    def reports(self) -> Path:
        """Folder of tables and figures; rows/NAME.json are below it."""
        return self.layout.out("evaluate").parent / "grid" / self.grid

    def result(self, row: str) -> Path:
        """Return the path of a row's result."""
        return self.reports / "rows" / f"{row}.json"

    def trained(self, row: str) -> Path:
        """Return the folder of a row's weights, settings, history and table of test images."""
        return self.layout.out("train").parent / "grid" / self.grid / row


def folder_of_all(root: Path, grid: str) -> Path:
    """Return the folder for results of a grid over several problems."""
    return root / "reports" / "grid" / grid


def run_grid(
    definition: Definition, params: ProblemParams, layout: Layout, scale: Scale, only: str, watch: Watch
) -> dict[str, dict[str, Any]]:
    """Run the rows that are not finished with these settings and this data.

    Args:
        definition: The grid.
        params: The problem's section of params.yaml.
        layout: The repository and the problem.
        scale: Budget or epochs, and number of images.
        only: Names of rows, separated by commas; empty for all.
        watch: Callbacks for each row.

    Returns:
        Row -> result.

    Raises:
        UserError: Settings are invalid, a name is unknown, the data set does not exist, or the MLflow store fails.
    """
    planned = [started(row, layout.root) for row in plan_rows(definition, params, scale.budget, only, scale.epochs)]
    data, places = data_digest(layout), Places(layout, definition.name)
    results = {}
    places.reports.mkdir(parents=True, exist_ok=True)
    size = [scale.budget, scale.images, *([scale.epochs] if scale.epochs else [])]
    digest = json_digest([definition.name, data, *size])
    with ExitStack() as stack:
        with FileLock(places.reports / "run.lock"):  # so that two processes share one parent run
            parent = stack.enter_context(grid_run(layout, definition.name, digest))
        for row in planned:
            watch.start(row.name)
            with _lock(row, scale, places, data):  # wait for another process at the same grid and use its result
                earlier = read_result(places.result(row.name))
                again = earlier is not None and _finished(earlier, row, scale, data)
                if earlier is None or not again:
                    same = _same_elsewhere(row, scale, places, data)
                    result = _run(row, scale, places, data, watch) if same is None else _copied(same, row, places)
                else:
                    result = earlier
                _log(parent, row, result, places)
            results[row.name] = result
            watch.finish(row.name, result, again)
    return results


def _lock(planned: Planned, scale: Scale, places: Places, data: str) -> FileLock:
    """Return a lock on these settings. The operating system releases it whenever this process ends."""
    folder = places.layout.work("grid", "locks")
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f"{row_digest(planned, scale, data)[:16]}.lock")


def _finished(result: dict[str, Any], planned: Planned, scale: Scale, data: str) -> bool:
    """True if this is the result of the same row. A failed row is not finished and runs again."""
    return result.get("state") == "finished" and result.get("digest") == row_digest(planned, scale, data)


def _same_elsewhere(planned: Planned, scale: Scale, places: Places, data: str) -> dict[str, Any] | None:
    """Return the result of another finished row with the same settings, since several tables may have the same row."""
    results = (read_result(path) for path in sorted(places.reports.glob("rows/*.json")))
    usable = (result for result in results if result is not None and places.trained(result["row"]).is_dir())
    return next((result for result in usable if _finished(result, planned, scale, data)), None)


def _copied(same: dict[str, Any], planned: Planned, places: Places) -> dict[str, Any]:
    """Copy the result and the files of another row to this row."""
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
        "budget": round(planned.budget, 4),
        "machine": machine(),
    }
    try:
        with listening(lambda event: watch.event(name, event)):
            outcome = run_row(planned, scale, places.layout, data, places.trained(name))
    except Exception as error:  # the other rows run on, whatever the reason of the failure
        message = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        outcome = {"state": "failed", "message": message}
        if not isinstance(error, UserError):
            outcome["trace"] = traceback.format_exc()
    result = about | outcome
    write_json(places.result(name), result)
    return result


def _log(parent: Run, planned: Planned, result: dict[str, Any], places: Places) -> None:
    params = planned.params.model_dump(mode="json", include={"problem": {"input"}, "prepare": True})
    settings = params | {"collect": {"box_buffer_px": planned.params.collect.box_buffer_px}}
    log_row(parent, result, settings, places.trained(planned.name))
