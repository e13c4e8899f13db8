"""What every command shares: the consoles, errors as messages, the one problem where there is but one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console

from heelstrike.errors import UserError

console = Console()
problems = Console(stderr=True)
ROOT = Path()


@contextmanager
def messages(resume: str = "") -> Iterator[None]:
    """Print a user's error as a message; after a failure or an interruption, say which command goes on from there."""
    try:
        yield
    except KeyboardInterrupt:
        problems.print("\n[yellow]Interrupted.[/] Nothing that was finished is lost.")
        _say_resume(resume)
        raise typer.Exit(130) from None
    except (UserError, OSError) as error:
        text = str(error) if isinstance(error, UserError) else f"{error.strerror or error}: {error.filename or ''}"
        problems.print("[red]Error:[/]", end=" ")
        problems.print(text, highlight=False, markup=False, soft_wrap=True)
        _say_resume(resume)
        raise typer.Exit(1) from None


def _say_resume(command: str) -> None:
    if command:
        problems.print(f"Go on from there with: [bold]{command}[/]")


def only_problem() -> str:
    """The problem of params.yaml, where there is but one."""
    from pipeline.params import load_params

    names = list(load_params(ROOT / "params.yaml"))
    if len(names) > 1:
        raise UserError(f"params.yaml has several problems ({', '.join(names)}); say which with --problem")
    return names[0]
