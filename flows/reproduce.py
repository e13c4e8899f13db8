"""Rebuilding a registered version from its commit and data in a scratch clone, and comparing it file by file."""

import json
import shutil
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from flows.display import StageDisplay
from flows.log_display import LogDisplay, display_for
from flows.reporting import show
from flows.scratch_clone import alone_in, changed_batches, changed_files, clone_at, pull_raw, running_in
from flows.stages import run_stage, stage_names
from flows.versioning import git
from heelstrike.clock import utc_now
from heelstrike.errors import UserError
from heelstrike.files import file_digest
from heelstrike.registry.pull import resolve
from heelstrike.registry.versions import Reference
from heelstrike.text import printable
from pipeline.dvc_lock import locked_stages
from pipeline.environment import installed, pinned
from pipeline.layout import STAGES, Layout, environment_file
from pipeline.params import load_params, problem_in
from pipeline.registry.store import open_registry
from pipeline.registry.weights import supply
from pipeline.tracking.tags import COMMIT_TAG, NOT_REPRODUCIBLE_TAG, REPRODUCED_TAG

Lock = dict[str, Any]


@dataclass
class Reproduction:
    """The result of a reproduction.

    Attributes:
        version: The version, such as `rearfoot/3`.
        commit: The commit from which it was rebuilt.
        environment: Packages that differ from those of the version's retrain, `NAME OLD -> NEW`.
        data: A line about each raw file that is missing or not the version's.
        files: State of each file of the package by name: `identical`, `differs`, `missing` or `new`.
        began: The first stage whose outputs differ, and what of its inputs does; empty if none does.
        time: Time of the comparison, UTC.
    """

    version: str
    commit: str
    environment: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    began: list[str] = field(default_factory=list)
    time: str = field(default_factory=utc_now)

    @property
    def identical(self) -> bool:
        """True if the package was rebuilt and every file of it has the same bytes."""
        return bool(self.files) and set(self.files.values()) == {"identical"}

    def lines(self) -> list[str]:
        """The result for a person, the verdict first."""
        verdict = "identical" if self.identical else "not identical" if self.files else "cannot be rebuilt"
        what = f"{len(self.files)} files of the package" if self.identical else ""
        lines = [f"{self.version}: {verdict}{f', {what}' if what else ''}, rebuilt from commit {self.commit[:10]}"]
        lines += [f"data: {line}" for line in self.data]
        lines += [f"package: {name} {state}" for name, state in self.files.items() if state != "identical"]
        lines += [f"it began in: {line}" for line in self.began]
        return lines + [f"environment: {line}" for line in self.environment]


def run_reproduce(reference: str, root: Path, console: Console, *, at: str, attach: bool, keep: bool) -> bool:
    """Rebuild a version, print the comparison, and return True if the packages are identical.

    Args:
        reference: The version, such as `rearfoot/3`.
        root: The repository root.
        console: Where progress and result are printed.
        at: A commit to rebuild from in place of the version's own; empty for the version's own.
        attach: Attach the result to the version's run, and tag the version.
        keep: Keep the clone.

    Raises:
        UserError: There is no such version, no commit made it, or a stage failed.
    """
    problem = Reference.parse(reference).name
    layout = Layout(root.resolve(), problem)
    pulled = resolve(reference, layout.root)
    with open_registry(layout.root, problem, create=False) as registry:
        if pulled.version is None:
            raise UserError(f"{reference}: not a version of the registry")
        version = registry.version(pulled.version)
        tags = registry.client.get_run(version.run_id).data.tags if version.run_id else {}
    if not at and NOT_REPRODUCIBLE_TAG in version.tags:
        raise UserError(f"{pulled.reference} cannot be reproduced: {version.tags[NOT_REPRODUCIBLE_TAG]}")
    made_by = commit_of(layout, tags)
    commit = git(layout.root, "rev-parse", "--verify", f"{at}^{{commit}}") if at else made_by
    clone = Layout(layout.root / ".work" / problem / "reproduce" / commit[:10], problem)
    result = Reproduction(pulled.reference, commit, _environment(layout, made_by))
    original = _lock_at(layout, made_by)
    with alone_in(clone.root):
        with console.status("cloning"):
            clone_at(layout.root, clone.root, commit)
            result.data = pull_raw(clone)
        if not result.data:
            with display_for(console) as display, running_in(clone.root, layout.root):
                supply(problem_in(load_params(clone.root / "params.yaml"), problem), clone)
                _rebuild(clone, display)
            result.files = compare_packages(pulled.folder, clone.out("package"))
            result.began = first_difference(original, locked_stages(clone.root), problem)
            result.began += changed_batches(layout, made_by, commit)
        if not keep:
            shutil.rmtree(clone.root)
    result.data += [f"{line} (in this checkout)" for line in changed_files(layout) if not line.endswith(": missing")]
    if attach:
        _attach(layout, version.number, version.run_id, result)
    for line in result.lines():
        console.print(printable(line), markup=False, highlight=False, soft_wrap=True)
    if keep:
        console.print(f"the clone: {clone.root}", markup=False, highlight=False, soft_wrap=True)
    return result.identical


def commit_of(layout: Layout, tags: dict[str, str]) -> str:
    """Return the commit whose dvc.lock names the package of a run: the one in its tags, or any that this clone has.

    Raises:
        UserError: No commit does.
    """
    package = tags.get("dvc.package", "")
    recorded = [tags[COMMIT_TAG]] if COMMIT_TAG in tags else []
    for commit in [*recorded, *git(layout.root, "log", "--all", "--format=%H", "--", "dvc.lock").split()]:
        try:
            outputs = _outputs(_lock_at(layout, commit).get(f"package@{layout.problem}", {}))
        except UserError:  # this clone does not have the commit, or the commit has no lock
            continue
        if package and package in outputs.values():
            return commit
    raise UserError(
        f"no commit of this repository has a dvc.lock with the package {package[:10] or 'of this version'}; fetch the "
        f"branch of the machine that trained it (commit {tags.get(COMMIT_TAG, 'unknown')[:10]})"
    )


def compare_packages(old: Path, new: Path) -> dict[str, str]:
    """Return for each file of two packages whether it is `identical`, `differs`, is `missing`, or is `new`."""
    names = {path.name for folder in (old, new) for path in folder.iterdir()}
    states = {}
    for name in sorted(names):
        if not (new / name).is_file():
            states[name] = "missing"
        elif not (old / name).is_file():
            states[name] = "new"
        else:
            states[name] = "identical" if file_digest(old / name) == file_digest(new / name) else "differs"
    return states


def first_difference(old: Lock, new: Lock, problem: str) -> list[str]:
    """Return a line for the first stage whose outputs differ by their hash, and a line for each input that differs."""
    for stage in (f"{name}@{problem}" for name in STAGES):
        before, after = old.get(stage, {}), new.get(stage, {})
        outputs = [path for path, digest in _outputs(before).items() if _outputs(after).get(path) != digest]
        if not outputs:
            continue
        inputs, inputs_before = _hashes(after.get("deps", [])), _hashes(before.get("deps", []))
        changed = sorted(path for path in inputs | inputs_before if inputs.get(path) != inputs_before.get(path))
        lines = [f"{stage}: {', '.join(outputs)}"]
        lines += [f"{stage}: its input {path} differs" for path in changed]
        if before.get("params") != after.get("params"):
            lines.append(f"{stage}: its settings in params.yaml differ")
        return lines
    return []


def _rebuild(clone: Layout, display: "StageDisplay | LogDisplay") -> None:
    for address in stage_names(clone.root, clone.problem):
        stage = address.split("@")[0]
        display.start(stage)
        run_stage(clone.root, address, partial(show, display, stage), display.say)
        display.finish(stage)


def _environment(layout: Layout, commit: str) -> list[str]:
    try:
        before = pinned(git(layout.root, "show", f"{commit}:{environment_file(layout.problem)}"))
    except UserError:
        return ["the version's retrain has not recorded its packages"]
    now = installed()
    names = sorted(before.keys() | now.keys())
    return [
        f"{name} {before.get(name, 'none')} -> {now.get(name, 'none')}"
        for name in names
        if before.get(name) != now.get(name)
    ]


def _lock_at(layout: Layout, commit: str) -> Lock:
    return dict(yaml.safe_load(git(layout.root, "show", f"{commit}:dvc.lock"))["stages"])


def _outputs(entry: Lock) -> dict[str, str]:
    return _hashes(entry.get("outs", []))


def _hashes(entries: list[Lock]) -> dict[str, str]:
    return {entry["path"]: str(entry.get("md5")) for entry in entries}


def _attach(layout: Layout, version: int, run_id: str | None, result: Reproduction) -> None:
    verdict = f"{'identical' if result.identical else 'not identical'}, {result.time[:16]}Z"
    with open_registry(layout.root, layout.problem) as registry:
        registry.tag(version, {REPRODUCED_TAG: verdict})
        if run_id:
            registry.client.log_text(run_id, json.dumps(asdict(result), indent=2), "reproduction.json")
