"""The terminal's output and error streams, and the printing of errors as messages."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from heelstrike.foreign import message_of

_WIDTH_OF_FILES = 500  # columns of a log file or pipe; Rich would break paths and commands at 80


def _console(stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _WIDTH_OF_FILES
    return Console(stderr=stderr, width=width)


console = _console(stderr=False)
problems = _console(stderr=True)


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
        problems.print(message_of(error), highlight=False, markup=False, soft_wrap=True)
        _say_resume(resume)
        raise typer.Exit(1) from None


def _say_resume(command: str) -> None:
    if command:
        problems.print("Continue with:", end=" ")
        problems.print(command, style="bold", highlight=False, markup=False, soft_wrap=True)
