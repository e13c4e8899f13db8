"""`heelstrike gc`: a table of what takes how much and what may go, and the removal."""

from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from flows.checkout_lock import problem_lock
from flows.gc import remove, survey
from heelstrike.text import done, plain
from pipeline.params import load_params


def run_gc(root: Path, console: Console, *, newest: int, remove_it: bool) -> None:
    """Print a table of all items, and remove those that may go if asked to.

    Args:
        root: The repository root.
        console: Where the table is printed.
        newest: How many of the newest versions of each problem are kept in any case.
        remove_it: True to remove.

    Raises:
        UserError: Another command works in the checkout, or the registry does not answer.
    """
    with ExitStack() as locks:
        for problem in load_params(root / "params.yaml"):
            locks.enter_context(problem_lock(root.resolve(), problem, "gc", wait=False, say=console.print))
        items = survey(root, newest)
        sizes = defaultdict[tuple[str, str, bool], list[int]](list)
        for item in items:
            sizes[item.kind, item.why, item.may_go].append(item.size)
        table = Table("what", "MB", "files or folders", "may go", "why", header_style="bold", box=None, padding=(0, 1))
        for (kind, why, may_go), numbers in sorted(sizes.items()):
            size = f"{sum(numbers) / 1e6:.1f}"
            table.add_row(plain(kind), size, str(len(numbers)), "yes" if may_go else "no", plain(why))
        console.print(table)
        goes = sum(item.size for item in items if item.may_go)
        if remove_it:
            console.print(done(f"{remove(items) / 1e6:.1f} MB removed"))
        elif goes:
            console.print(f"{goes / 1e6:.1f} MB may go; nothing was removed; next: heelstrike gc --yes", markup=False)
        else:
            console.print("Nothing may go.")
