"""A person's traces in the artifacts of a problem's runs, whatever store holds them: a folder, a bucket, a server."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flows.forget.labels import lines_about, mentions
from flows.forget.registry_texts import REPLACEMENT, runs_of
from flows.forget.traces import Traces
from pipeline.registry.store import Registry

_OF_PEOPLE = ("evaluation", "validation", "review")
"""Folders of a run's artifacts with pictures or tables of people."""

_TABLES = "lineage"
"""Folder of tables that name people beside what is to be kept."""


def remove_artifacts(registry: Registry, traces: Traces) -> None:
    """Remove pictures and tables of people from the runs of the problem, and the person's cells from other tables."""
    for run in runs_of(registry):
        store = _store(run, registry)
        for folder in _OF_PEOPLE:
            if store.list_artifacts(folder):
                store.delete_artifacts(folder)
        for table in [entry.path for entry in store.list_artifacts(_TABLES) if entry.path.endswith(".csv")]:
            _clean(store, table, traces)


def artifact_files(registry: Registry, into: Path) -> Iterator[tuple[str, Path]]:
    """Download every artifact of the problem's runs, one after the other; yield its place and the local file."""
    for run in runs_of(registry):
        store, folders = _store(run, registry), [None]
        while folders:
            for entry in store.list_artifacts(folders.pop()):
                if entry.is_dir:
                    folders.append(entry.path)
                else:
                    file = Path(store.download_artifacts(entry.path, str(into)))
                    yield f"artifact {entry.path} of run {run.info.run_id[:8]}", file
                    file.unlink()


def _store(run: Any, registry: Registry) -> Any:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    return get_artifact_repository(run.info.artifact_uri, tracking_uri=registry.uri, registry_uri=registry.uri)


def _clean(store: Any, path: str, traces: Traces) -> None:
    """Replace the cells of a table of sources that name the person, in the rows about them; counts stay."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(store.download_artifacts(path, folder))
        rows = table.read_text().splitlines()
        names = [traces.subject, *traces.words]
        about = lines_about(rows, traces.subject, traces.words)
        cleaned = [_cleaned(row, names) if one else row for row, one in zip(rows, about, strict=True)]
        if cleaned != rows:
            table.write_text("\n".join(cleaned) + "\n")
            store.log_artifact(str(table), _TABLES)


def _cleaned(row: str, names: list[str]) -> str:
    split, *cells, count = row.split(",")
    return ",".join([split, *(REPLACEMENT if mentions(cell, names) else cell for cell in cells), count])
