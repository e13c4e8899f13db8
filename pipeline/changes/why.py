"""Which stages would run, and why: data, parameters and code that changed since dvc.lock was written."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from heelstrike.errors import UserError, did_you_mean
from pipeline.changes.code import changed_definitions
from pipeline.changes.data import changed_files
from pipeline.changes.values import changed_values
from pipeline.changes.versions import Repository
from pipeline.dependencies.standing import files_below
from pipeline.dvc_lock import locked_stages
from pipeline.layout import ROOMS
from pipeline.strict_yaml import read_yaml

PARAMETER, CODE, DATA, GRAPH = "parameter", "code", "data", "dvc.yaml"
_NO_CODE = "only comments, docstrings or layout"
_MOST_FILES = 10


@dataclass(frozen=True)
class Reason:
    """Something that a stage depends on and that has changed.

    Attributes:
        kind: PARAMETER, CODE, DATA or GRAPH.
        text: What has changed, in a line.
        counts: False if it cannot change the stage's result, such as an edited comment.
    """

    kind: str
    text: str
    counts: bool = True


@dataclass(frozen=True)
class Verdict:
    """Whether one stage would run, and why.

    Attributes:
        address: The stage, such as `train@rearfoot`.
        reasons: What has changed, for which DVC runs the stage.
        upstream: Addresses of the stages before it that would run; it runs if they write something else.
    """

    address: str
    reasons: tuple[Reason, ...] = ()
    upstream: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The verdict as lines for the terminal; those after the first are indented."""
        rows = [(reason.kind, reason.text) for reason in self.reasons]
        rows += [("follows", f"{address} would run") for address in self.upstream]
        width = max((len(kind) for kind, _ in rows), default=0)
        return [f"{self.address} {self._sentence()}", *(f"  {kind:<{width}}  {text}" for kind, text in rows)]

    def _sentence(self) -> str:
        if self.reasons and not any(reason.counts for reason in self.reasons):
            return "would run, to the same result: no code, only text has changed"
        if self.reasons:
            return "would run:"
        return "would run if its inputs change:" if self.upstream else "would not run: nothing has changed"


def why(root: Path, names: Iterable[str] = ()) -> list[Verdict]:
    """Compare the inputs of stages with those that dvc.lock has recorded.

    Args:
        root: The repository root.
        names: Addresses (`train@rearfoot`) or problems; all stages by default.

    Returns:
        A verdict for each stage, in the order in which they would run.

    Raises:
        UserError: There is no such stage, or dvc.yaml or params.yaml cannot be read.
    """
    import networkx
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo:
            graph = repo.index.graph
            stages = {stage.name: stage for stage in graph if getattr(stage, "name", None)}
            order = [s.name for s in networkx.topological_sort(graph.reverse()) if getattr(s, "name", None) in stages]
            chosen = _chosen(order, list(names))
            looked_at = {name for name in order if any(_is_before(graph, stages, name, wanted) for wanted in chosen)}
            explain = _Explanation(root)
            verdicts: dict[str, Verdict] = {}
            for name in (name for name in order if name in looked_at):
                before = [s.name for s in graph.successors(stages[name]) if getattr(s, "name", None)]
                running = [n for n in before if verdicts[n].reasons or verdicts[n].upstream]
                verdicts[name] = Verdict(name, tuple(explain.reasons(stages[name])), tuple(running))
            return [verdicts[name] for name in order if name in chosen]
    except DvcException as error:
        raise UserError(f"dvc.yaml or dvc.lock cannot be read: {error}") from error


def _is_before(graph: Any, stages: Mapping[str, Any], name: str, wanted: str) -> bool:
    """Return True if a stage is the wanted one, or if that depends on it."""
    import networkx

    return name == wanted or networkx.has_path(graph, stages[wanted], stages[name])


def _chosen(order: list[str], names: list[str]) -> set[str]:
    chosen = set[str]()
    for name in names or order:
        matching = {address for address in order if name in (address, address.partition("@")[2])}
        if not matching:
            problems = {address.partition("@")[2] for address in order}
            raise UserError(
                f"{name}: no stage and no problem of dvc.yaml; it has {', '.join(order)}"
                f"{did_you_mean(name, [*order, *problems])}"
            )
        chosen |= matching
    return chosen


@dataclass
class _Explanation:
    """Explains one state of a repository; what several stages share is read once."""

    root: Path
    repository: Repository = field(init=False)
    locked: dict[str, Any] = field(init=False)
    params: Any = field(init=False)

    def __post_init__(self) -> None:
        self.repository = Repository(self.root)
        self.locked = locked_stages(self.root)
        self.params = read_yaml(self.root / "params.yaml")

    def reasons(self, stage: Any) -> Iterator[Reason]:
        """Yield everything for which DVC would run the stage."""
        entry = self.locked.get(stage.name)
        if entry is None:
            yield Reason(GRAPH, "it has never run here: dvc.lock has no entry of it")
            return
        if stage.cmd != entry.get("cmd"):
            yield Reason(GRAPH, f"command: {entry.get('cmd')} → {stage.cmd}")
        yield from self._parameters(stage, entry)
        recorded = {dep["path"]: dep for dep in entry.get("deps", [])}
        for dep in stage.deps:
            path = str(dep)
            if getattr(dep, "params", None) is not None or path == "params.yaml":
                continue
            if path not in recorded:
                yield Reason(GRAPH, f"depends on {path} now")
            elif dep.status():
                yield from self._changes(dep, path, recorded[path]["md5"])
        yield from (Reason(GRAPH, f"no longer depends on {path}") for path in recorded.keys() - _paths(stage.deps))
        for out in stage.outs:
            for path, state in out.status().items() if not out.is_metric or out.use_cache else ():
                yield Reason(DATA, f"its output {path} is {_state(state)}")

    def _parameters(self, stage: Any, entry: Mapping[str, Any]) -> Iterator[Reason]:
        stated = [name for dep in stage.deps for name in getattr(dep, "params", None) or ()]
        recorded = entry.get("params", {}).get("params.yaml", {})
        for name in dict.fromkeys([*stated, *recorded]):
            if name not in stated:
                yield Reason(GRAPH, f"no longer depends on {name} of params.yaml")
            elif name not in recorded:
                yield Reason(GRAPH, f"depends on {name} of params.yaml now")
            else:
                changes = changed_values(recorded[name], _value(self.params, name), name)
                yield from (Reason(PARAMETER, change) for change in changes)

    def _changes(self, dep: Any, path: str, recorded: str) -> Iterator[Reason]:
        if Path(path).parts[0] in ROOMS:
            files = changed_files(self.root, self.repository, dep, path, recorded)
            listed = ", ".join(files[:_MOST_FILES]) or "other content than the recorded one"
            more = f" and {len(files) - _MOST_FILES} more" if len(files) > _MOST_FILES else ""
            yield Reason(DATA, f"{path}: {listed}{more}")
            return
        commit = self.repository.recording(path, recorded)
        if commit is None:
            yield Reason(CODE, f"{path}: changed; no commit has the text with which the stage ran")
            return
        before = self.repository.contents(commit, path)
        after = _present(self.root, path)
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) != after.get(name):
                yield _code_reason(name, before.get(name), after.get(name))


def _code_reason(name: str, old: bytes | None, new: bytes | None) -> Reason:
    if old is None or new is None:
        return Reason(CODE, f"{name}: {'a new file' if old is None else 'removed'}")
    if not name.endswith(".py"):
        return Reason(CODE, f"{name}: changed")
    try:
        names = changed_definitions(old.decode(), new.decode())
    except (SyntaxError, UnicodeDecodeError) as error:
        return Reason(CODE, f"{name}: changed, and cannot be compared ({type(error).__name__})")
    return Reason(CODE, f"{name}: {', '.join(names) or _NO_CODE}", counts=bool(names))


def _present(root: Path, path: str) -> dict[str, bytes]:
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in files_below(root / path)}


def _paths(deps: Iterable[Any]) -> set[str]:
    return {str(dep) for dep in deps}


def _state(state: Any) -> str:
    return {"deleted": "missing", "not in cache": "not in the cache of DVC"}.get(str(state), str(state))


def _value(params: Any, name: str) -> Any:
    for key in name.split("."):
        params = params.get(key) if isinstance(params, dict) else None
    return params
