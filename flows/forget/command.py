"""`heelstrike forget`: list the traces of a person, and with --yes remove them."""

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from flows.checkout_lock import problem_lock
from flows.forget.removal import forget, require_removable
from flows.forget.scan import scan
from flows.forget.traces import Traces, traces_of
from flows.git_state import require_branch
from heelstrike.files import write_json
from heelstrike.text import done, printable
from pipeline.layout import Layout


def run_forget(problem: str, subject: str, root: Path, console: Console, *, remove: bool) -> None:
    """Print where the data of a person is, and remove it if asked to. A killed removal is completed by the next call.

    Args:
        problem: The problem's name.
        subject: The person, as annotations and subjects.csv name them.
        root: The repository root.
        console: Where everything is printed.
        remove: True to remove.

    Raises:
        UserError: Nothing is known of the person, a label file must be changed by hand first, or another command works
            on the problem.
    """
    layout = Layout(root.resolve(), problem)
    begun = layout.root / ".work" / problem / "withdrawal.json"
    with problem_lock(layout.root, problem, "forget", wait=False, say=console.print):
        traces = _traces(layout, subject, begun)
        for line in traces.lines():
            console.print(printable(line), markup=False, highlight=False, soft_wrap=True)
        if not remove:
            console.print("Nothing was removed; with --yes it is.")
            return
        require_removable(traces)
        require_branch(layout.root)
        write_json(begun, asdict(traces))
        lines = forget(layout, traces)
        begun.unlink()
        digests = {*traces.media.values(), *traces.label_files.values()}
        hits = scan(layout.root, traces.words, digests)
    for line in lines:
        console.print(printable(line), markup=False, highlight=False, soft_wrap=True)
    for line in hits:
        console.print(f"remains: {printable(line)}", markup=False, highlight=False, soft_wrap=True)
    if not hits:
        console.print(done("no file of this checkout names the person or has bytes of theirs"), soft_wrap=True)
    console.print(f"next: heelstrike retrain {problem}", markup=False)


def _traces(layout: Layout, subject: str, begun: Path) -> Traces:
    """Return the traces of a removal that was killed, or else look for them."""
    if begun.is_file():
        stored = json.loads(begun.read_text())
        if stored["subject"] == subject:
            stored["versions"] = {int(number): use for number, use in stored["versions"].items()}
            return Traces(**stored)
    return traces_of(layout, subject)
