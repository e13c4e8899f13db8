"""What `heelstrike` alone prints in a checkout: the state of every problem, and the one command that is next."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from heelstrike.errors import UserError
from heelstrike.home import Place, headline_of, next_measurement, registry_sentence
from heelstrike.media import files_below
from heelstrike.registry.glance import Glance, glance
from heelstrike.registry.versions import CHAMPION
from pipeline.changes.quick import never_run, visibly_changed
from pipeline.dvc_lock import locked_stages
from pipeline.layout import REASON_SUFFIX, STAGES, Layout
from pipeline.params import load_params
from pipeline.registry.approval_state import awaits
from pipeline.registry.promote import stored_decision

_MOST_LINES = 5


@dataclass(frozen=True)
class State:
    """The state of one problem of a checkout.

    Attributes:
        problem: The problem's name.
        champion: The champion with its test error; empty if there is none, or it is not known without asking.
        missing: Stages that have never run.
        changed: Stages whose inputs visibly changed since they ran.
        arrived: Number of files in the inbox.
        left: Number of those that an ingest has left there with a reason.
        waiting: Candidates that wait for approval, such as `rearfoot/3`.
    """

    problem: str
    champion: str
    missing: list[str]
    changed: list[str]
    arrived: int
    left: int
    waiting: list[str]

    def sentences(self) -> Iterator[str]:
        """Yield the state as sentences, without what is as it should be."""
        if "train" in self.missing:
            yield "never trained here"
        elif self.missing:
            yield f"stages that have never run: {', '.join(self.missing)}"
        if self.champion:
            yield self.champion
        if self.changed:
            yield f"changed since they ran: {', '.join(self.changed)} (`heelstrike why {self.problem}` says what)"
        if not self.missing and not self.changed:
            yield f"all {len(STAGES)} stages have run"
        if self.arrived:
            reasons = f", {self.left} of them left there with a reason beside it" if self.left else ""
            yield f"inbox: {_count(self.arrived, 'file')}{reasons}"
        if self.waiting:
            yield f"waiting for approval: {', '.join(self.waiting)}"


def place_in_checkout(root: Path) -> Place:
    """Describe a checkout: what is wrong with params.yaml, else the state of each of its problems."""
    registry = ("registry", registry_sentence(root))
    try:
        names = list(load_params(root / "params.yaml"))
        locked = locked_stages(root)
        states = [_state(root, name, locked) for name in names]
    except UserError as error:
        lines = str(error).splitlines()
        more = [f"and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else []
        rows = [("error", line) for line in [*lines[:_MOST_LINES], *more]]
        return Place(
            (registry, *rows), "correct this, then: heelstrike", "`heelstrike params` checks params.yaml as a whole"
        )
    rows = [(state.problem, sentence) for state in states for sentence in state.sentences()]
    return Place((registry, *rows), *_next(root, states))


def _state(root: Path, problem: str, locked: dict[str, object]) -> State:
    layout = Layout(root.resolve(), problem)
    known = glance(root, problem)
    names = [path.name for path in files_below(layout.inbox)] if layout.inbox.is_dir() else []
    reasons = [name for name in names if name.endswith(REASON_SUFFIX)]
    return State(
        problem=problem,
        champion=_champion(layout, known),
        missing=never_run(problem, locked),
        changed=visibly_changed(root, problem, locked),
        arrived=len(names) - len(reasons),
        left=len(reasons),
        waiting=[] if known is None else _waiting(known),
    )


def _champion(layout: Layout, known: Glance | None) -> str:
    if known is None:
        return "champion: not looked up; `heelstrike models` asks the registry"
    version = known.aliased(CHAMPION)
    if version is None:
        return "no champion yet" if known.versions else ""
    error = headline_of(version.package, layout.out("package"))
    return f"champion: {', '.join(filter(None, (f'version {version.number}', error)))}"


def _waiting(known: Glance) -> list[str]:
    champion = known.aliases.get(CHAMPION)
    waiting = []
    for version in known.versions:
        try:
            decision = stored_decision(version)
            if decision is not None and awaits(version, decision, champion):
                waiting.append(version.reference)
        except ValueError:  # written by another version of Heelstrike
            continue
    return waiting


def _next(root: Path, states: list[State]) -> tuple[str, str]:
    """Return the first of what is to be done, and why: people wait, then files, then stages."""
    for state in states:
        if state.waiting:
            return "heelstrike approvals", f"{state.waiting[0]} passed every gate and waits for people"
    for state in states:
        if state.arrived > state.left:
            files = _count(state.arrived - state.left, "file")
            return f"heelstrike retrain {state.problem}", f"takes {files} from the inbox and retrains"
    for state in states:
        command = f"heelstrike retrain {state.problem}"
        if "train" in state.missing:
            return command, "trains the first model; it may be interrupted, the same command continues"
        if state.missing or state.changed:
            return command, f"runs {', '.join(state.missing or state.changed)} and what depends on it"
    for state in states:
        if state.left:
            return f"read data/inbox/{state.problem}/*{REASON_SUFFIX}", "an ingest has left files there"
    return next_measurement(root)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
