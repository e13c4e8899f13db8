"""The terminal's output and error streams, and the printing of errors as messages."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from types import FrameType

import typer
from rich.console import Console
from rich.text import Text

from heelstrike.foreign import message_of
from heelstrike.text import plain, printable_lines

_WIDTH_OF_FILES = 500  # columns of a log file or pipe; Rich would break paths and commands at 80


def _console(stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")  # a terminal of another encoding gets escapes, not an error
    width = None if stream.isatty() or "COLUMNS" in os.environ else _WIDTH_OF_FILES
    return Console(stderr=stderr, width=width, emoji=False)


console = _console(stderr=False)
problems = _console(stderr=True)


class _TerminatedError(BaseException):
    """The process got SIGTERM. No handler of errors of a single file takes it for one."""


@contextmanager
def messages(resume: str = "") -> Iterator[None]:
    """Print an error as a message and exit.

    Args:
        resume: Command that continues after a failure or an interruption; printed with the message.
    """
    try:
        yield
    except (typer.Abort, typer.Exit):
        raise
    except KeyboardInterrupt:
        problems.print("\n[yellow]Interrupted.[/] Finished work is kept.")
        _say_resume(resume)
        raise typer.Exit(130) from None
    except BrokenPipeError:  # the reader of the output has ended, as in `heelstrike history p | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except Exception as error:
        problems.print("[red]Error:[/]", end=" ")
        problems.print(printable_lines(message_of(error)), highlight=False, markup=False, soft_wrap=True)
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
