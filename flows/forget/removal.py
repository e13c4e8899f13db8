"""Removal of a person's data from the stores of a checkout, in an order that a killed command can take up again."""

import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from flows.backup import object_folders, remote_addresses
from flows.batches import versioned_batches, versioned_files
from flows.forget.artifacts import remove_artifacts
from flows.forget.databases import clean_postgresql, clean_sqlite
from flows.forget.labels import remove_entries
from flows.forget.registry_texts import replace_names
from flows.forget.scan import words_of
from flows.forget.traces import PERSONAL, Traces
from flows.versioning import commit_paths, dvc, git
from heelstrike.clock import utc_now
from heelstrike.errors import UserError
from heelstrike.files import write_aside
from heelstrike.stores import file_of, is_local_file, is_server, tracking_uri
from pipeline.dvc_lock import locked_stages
from pipeline.layout import Layout
from pipeline.registry.store import open_registry
from pipeline.tracking.tags import WITHDRAWN_TAG


def require_removable(traces: Traces) -> None:
    """Check that this command can remove everything of a person.

    Raises:
        UserError: A label file must be changed by hand first.
    """
    if traces.by_hand:
        raise UserError(
            f"{', '.join(traces.by_hand)}: about this person and others; this command removes lines of tables and "
            "entries of COCO, Label Studio, VIA and CVAT only; remove them with the label program, `dvc add` the "
            "batch, and run the same command again"
        )


def forget(layout: Layout, traces: Traces) -> list[str]:
    """Remove a person from raw data, outputs, DVC's objects, artifacts and the embedded registry; mark the versions.

    Args:
        layout: The repository and the problem; the caller holds its lock.
        traces: What was found of the person.

    Returns:
        A line about each place where something remains.
    """
    before = _objects_of_history(layout)
    receipt = f"{utc_now()[:10]}-{uuid.uuid4().hex[:8]}"
    _mark_versions(layout, traces, receipt)
    unchangeable = _clean_registry(layout, traces)
    pointers = _remove_raw(layout, traces)
    _remove_outputs(layout, traces)
    _remove_objects(layout, before | set(traces.media.values()) | set(traces.label_files.values()))
    shutil.rmtree(dvc_index(layout.root), ignore_errors=True)  # DVC makes it again
    record = layout.root / "data" / "withdrawn.jsonl"
    entry = {"receipt": receipt, "time": utc_now(), "problem": layout.problem, "files": len(traces.media)}
    entry |= {"images": traces.images, "versions": sorted(traces.versions)}
    with record.open("a") as stream:
        stream.write(json.dumps(entry) + "\n")
    subjects = layout.root / "data" / layout.problem / "subjects.csv"
    paths = [path for path in (record, subjects, *pointers) if path.exists()]
    commit_paths(layout.root, paths, f"Withdrawal {receipt} from {layout.problem}")
    return [*_remains(traces, receipt, unchangeable), *_push(layout, pointers)]


def _mark_versions(layout: Layout, traces: Traces, receipt: str) -> None:
    with open_registry(layout.root, layout.problem) as registry:
        for number, use in traces.versions.items():
            registry.tag(number, {WITHDRAWN_TAG: f"{use} a person who withdrew; receipt {receipt}"})


def _clean_registry(layout: Layout, traces: Traces) -> list[str]:
    """Remove what the registry has of the person; return the places of texts that nobody can change."""
    uri = tracking_uri(layout.root)
    with open_registry(layout.root, layout.problem) as registry:
        remove_artifacts(registry, traces)
        if not traces.words:
            return []
        words = words_of(traces.words)
        if is_server(uri):
            return replace_names(registry, words)
    if is_local_file(uri):
        clean_sqlite(file_of(uri), words)
    else:
        clean_postgresql(uri, words)
    return []


def _remove_raw(layout: Layout, traces: Traces) -> list[Path]:
    """Remove the person's files and entries from the batches, and return the batches' new pointers."""
    for name in (*traces.media, *traces.label_files):
        (layout.raw / name).unlink(missing_ok=True)
    for name in traces.label_entries:
        remove_entries(layout.raw / name, traces.subject, traces.words)
    for folder in sorted(layout.raw.rglob("*/"), reverse=True):
        with suppress(OSError):
            folder.rmdir() if folder.parent != layout.raw else None
    pointers = []
    for batch in traces.batches:
        dvc(layout.root, "add", str((layout.raw / batch).relative_to(layout.root)))
        pointers.append(layout.raw / f"{batch}.dvc")
    return pointers


def _push(layout: Layout, pointers: list[Path]) -> list[str]:
    """Push the lists of the changed batches, which other clones need; return a line if the remote is away."""
    try:
        if pointers:
            dvc(layout.root, "push", *(str(pointer.relative_to(layout.root)) for pointer in pointers))
    except UserError as error:
        return [f"the changed batches are not in DVC's remote yet ({str(error).splitlines()[-1]}); run `dvc push`"]
    return []


def _remove_outputs(layout: Layout, traces: Traces) -> None:
    """Remove the outputs that show or name people, reusable work and logs, and the person's row of subjects.csv."""
    for stage in PERSONAL:
        shutil.rmtree(layout.out(stage), ignore_errors=True)
    reports = layout.root / "reports" / layout.problem
    for path in reports.glob("*"):
        if path.is_dir():
            shutil.rmtree(path)
    for path in (layout.root / ".work" / layout.problem).glob("*/"):
        if path.name != "withdrawn":  # files of an interrupted ingest that are nowhere else
            shutil.rmtree(path)
    (layout.root / ".work" / layout.problem / "ingest.json").unlink(missing_ok=True)
    subjects = layout.root / "data" / layout.problem / "subjects.csv"
    if subjects.is_file():
        rows = subjects.read_text().splitlines(keepends=True)
        with write_aside(subjects) as aside:
            aside.write_text("".join(row for row in rows if row.split(",")[0] != traces.subject))


def _objects_of_history(layout: Layout) -> set[str]:
    """Return the MD5 of each output of a stage that shows people, and of each list of a batch, of every commit."""
    names = set[str]()
    for commit in git(layout.root, "log", "--all", "--format=%H", "--", "dvc.lock").split():
        with suppress(UserError, KeyError, TypeError, yaml.YAMLError):
            names |= set(_personal(layout, yaml.safe_load(git(layout.root, "show", f"{commit}:dvc.lock"))["stages"]))
    names |= set(_personal(layout, locked_stages(layout.root)))
    pattern = f"data/raw/{layout.problem}/*.dvc"
    for line in git(layout.root, "log", "--all", "-p", "--format=", "--", pattern).splitlines():
        if line.startswith("+") and "md5: " in line:
            names.add(line.partition("md5: ")[2].strip())
    return names | _members(layout.root, names)


def _personal(layout: Layout, stages: dict[str, Any]) -> Iterator[str]:
    for stage in PERSONAL:
        for out in stages.get(f"{stage}@{layout.problem}", {}).get("outs", []):
            yield str(out.get("md5"))


def _members(root: Path, names: set[str]) -> set[str]:
    """Return the MD5 of every file in the folders among these objects."""
    members = set[str]()
    for name in (name for name in names if name.endswith(".dir")):
        for place in object_folders(root):
            with suppress(OSError, ValueError, KeyError):
                members |= {entry["md5"] for entry in json.loads((place / name[:2] / name[2:]).read_text())}
                break
    return members


def _remove_objects(layout: Layout, names: set[str]) -> None:
    """Remove objects from DVC's cache and from remotes that are folders, except those that remaining data names."""
    remaining = set[str]()
    for batch in versioned_batches(layout):
        remaining |= set(versioned_files(layout, batch.name).values())
        pointer = yaml.safe_load((layout.raw / f"{batch.name}.dvc").read_text())
        remaining.add(pointer["outs"][0]["md5"])
    for address, entry in locked_stages(layout.root).items():
        stage, _, problem = address.partition("@")
        if problem != layout.problem or stage not in PERSONAL:
            remaining |= {str(out.get("md5")) for out in entry.get("outs", [])}
    remaining |= _members(layout.root, remaining)
    unneeded = names - remaining
    for place in object_folders(layout.root):
        for name in unneeded:
            (place / name[:2] / name[2:]).unlink(missing_ok=True)
    _remove_from_servers(layout.root, unneeded)


def dvc_index(root: Path) -> Path:
    """Return the folder outside the checkout in which DVC keeps hashes and paths of its files."""
    from dvc.repo import Repo

    with Repo(str(root)) as repo:
        return Path(repo.site_cache_dir)


def _remove_from_servers(root: Path, names: set[str]) -> None:
    """Remove objects from DVC's remotes that are no folders, such as S3."""
    from dvc.repo import Repo

    servers = [name for name, address in remote_addresses(root).items() if "://" in address]
    with Repo(str(root)) as repo:
        for server in servers:
            store = repo.cloud.get_remote_odb(name=server)
            for name in names:
                with suppress(FileNotFoundError):
                    store.delete(name)


def _remains(traces: Traces, receipt: str, unchangeable: list[str]) -> list[str]:
    remains = [
        "weights of the versions that learned from the person; they hold no picture; a retrain makes others",
        "the history of git: the name in old versions of subjects.csv",
        "copies elsewhere: backups, clones, results of predictions, the inbox, database and logs of a Prefect server",
    ]
    if traces.subject not in traces.words:
        remains.append(
            f"the name {traces.subject!r} in texts of the registry and of files, where it may mean something else"
        )
    remains += [f"{place} names the person, and MLflow does not let it be changed" for place in unchangeable]
    return [f"receipt {receipt} is in data/withdrawn.jsonl", *(f"remains: {line}" for line in remains)]
