"""`heelstrike forget`: list the traces of a person, and with --yes remove them."""

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from flows.checkout_lock import problem_lock
from flows.forget.removal import dvc_index, forget, require_removable
from flows.forget.scan import scan
from flows.forget.scan_servers import scan_servers
from flows.forget.traces import Traces, traces_of
from flows.git_state import require_branch
from heelstrike.files import write_json
from heelstrike.text import done, printable
from pipeline.layout import Layout
from pipeline.params import load_params, problem_in
from pipeline.registry.retire import retire


def run_forget(problem: str, subject: str, root: Path, console: Console, *, remove: bool) -> bool:
    """Print where the data of a person is, and remove it if asked to. A killed removal is completed by the next call.

    Args:
        problem: The problem's name.
        subject: The person, as annotations and subjects.csv name them.
        root: The repository root.
        console: Where everything is printed.
        remove: True to remove.

    Returns:
        True if the person was removed.

    Raises:
        UserError: Nothing is known of the person, a label file must be changed by hand first, or another command works
            on the problem.
    """
    layout = Layout(root.resolve(), problem)
    begun = layout.root / ".work" / problem / "withdrawal.json"
    policy = problem_in(load_params(layout.root / "params.yaml"), problem).gates.withdrawn
    with problem_lock(layout.root, problem, "forget", wait=False, say=console.print):
        traces = _traces(layout, subject, begun)
        for line in traces.lines():
            console.print(printable(line), markup=False, highlight=False, soft_wrap=True)
        if not remove:
            console.print("Nothing was removed; with --yes it is.")
            return False
        require_removable(traces)
        require_branch(layout.root)
        write_json(begun, asdict(traces))
        lines = forget(layout, traces)
        if policy == "now" and (retired := retire(problem, layout.root)):
            lines.append(retired)
        begun.unlink()
        digests = {*traces.media.values(), *traces.label_files.values()}
        folders = (layout.root, dvc_index(layout.root))
        hits = [line for folder in folders for line in scan(folder, traces.words, digests)]
        hits += scan_servers(layout, traces.words, digests)
    for line in lines:
        console.print(printable(line), markup=False, highlight=False, soft_wrap=True)
    for line in hits:
        console.print(f"remains: {printable(line)}", markup=False, highlight=False, soft_wrap=True)
    if not hits:
        console.print(done("no store names the person or has bytes of theirs"), soft_wrap=True)
    return True


def _traces(layout: Layout, subject: str, begun: Path) -> Traces:
    """Return the traces of a removal that was killed, or else look for them."""
    if begun.is_file():
        stored = json.loads(begun.read_text())
        if stored["subject"] == subject:
            stored["versions"] = {int(number): use for number, use in stored["versions"].items()}
            return Traces(**stored)
    return traces_of(layout, subject)
