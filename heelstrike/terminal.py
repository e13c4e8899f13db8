"""The terminal's output and error streams, and the printing of errors as messages."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from heelstrike.errors import UserError

console = Console()
problems = Console(stderr=True)


@contextmanager
def messages(resume: str = "") -> Iterator[None]:
    """Print an error that the user can fix as a message and exit.

    Args:
        resume: Command that continues after a failure or an interruption; printed with the message.
    """
    try:
        yield
    except KeyboardInterrupt:
        problems.print("\n[yellow]Interrupted.[/] Finished work is kept.")
        _say_resume(resume)
        raise typer.Exit(130) from None
    except (UserError, OSError) as error:
        parts = (error,) if isinstance(error, UserError) else (error.strerror or error, error.filename)
        text = ": ".join(str(part) for part in parts if part)
        problems.print("[red]Error:[/]", end=" ")
        problems.print(text, highlight=False, markup=False, soft_wrap=True)
        _say_resume(resume)
        raise typer.Exit(1) from None


def _say_resume(command: str) -> None:
    if command:
        problems.print(f"Continue with: [bold]{command}[/]")
