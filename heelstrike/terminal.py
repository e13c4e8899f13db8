"""The terminal's output and error streams, and the printing of errors as messages."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from types import FrameType

import typer
from rich.console import Console
from rich.text import Text

from heelstrike.errors import UserError
from heelstrike.text import plain, printable_lines

for stream in (sys.stdout, sys.stderr):
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")  # a terminal of another encoding gets escapes, not an error
console = Console(emoji=False)
problems = Console(stderr=True, emoji=False)


class _TerminatedError(BaseException):
    """The process got SIGTERM. No handler of errors of a single file takes it for one."""


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
        problems.print(printable_lines(text), highlight=False, markup=False, soft_wrap=True)
        _say_resume(resume)
        raise typer.Exit(1) from None


@contextmanager
def terminable() -> Iterator[None]:
    """End a command as an interruption does if its process gets SIGTERM: files are closed, and a line says so."""

    def terminate(signal_number: int, frame: FrameType | None) -> None:
        raise _TerminatedError

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    except _TerminatedError:
        problems.print("\n[yellow]Terminated.[/] Finished work is kept.")
        raise typer.Exit(143) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _say_resume(command: str) -> None:
    if command:
        problems.print(Text.assemble("Continue with: ", plain(command, "bold")), soft_wrap=True)
