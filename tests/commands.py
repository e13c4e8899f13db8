"""The commands that documents show, parsed by the real command lines and not run."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import click
import typer.main

from heelstrike.cli import app

_SHELL = re.compile(r"^( *)```(?:sh|bash|console)?\n(.*?)^ *```|(?:\n\n|\A)((?: {4}\S.*\n)+)", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+)`")
_FENCED = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
_VARIABLE = re.compile(r"\w+=\S*")


@dataclass(frozen=True)
class Command:
    """A command that a document shows.

    Attributes:
        program: Its first word.
        words: The words after it.
        whole: True in a block, which people copy; a span may leave arguments out, as in "`heelstrike predict` writes".
    """

    program: str
    words: list[str]
    whole: bool


def commands(document: Path) -> Iterator[Command]:
    """Yield each command in the blocks and spans of code of a document."""
    text = document.read_text()
    blocks = [match[2] or match[3] for match in _SHELL.finditer(text)]
    for block in blocks:
        for line in block.replace("\\\n", " ").splitlines():
            yield from _commands(line.strip().removeprefix("$ "), whole=True)
    for span in _SPAN.findall(_FENCED.sub("", text)):
        yield from _commands(span, whole=False)


def _commands(line: str, whole: bool) -> Iterator[Command]:
    for part in re.split(r" && | \|\| |; | \| ", line):
        try:
            words = shlex.split(part, comments=True)
        except ValueError:  # a part of a longer line
            continue
        while words and _VARIABLE.fullmatch(words[0]):
            words.pop(0)
        if len(words) > 1:
            yield Command(words[0], words[1:], whole)


def fault(command: Any, words: list[str]) -> str:
    """Return what a command line says against the words of a command; empty if it takes them.

    Options and arguments are parsed with their types, and nothing is run.

    Args:
        command: A command of click, or of typer, which has a click of its own.
        words: The words after the program's name.
    """
    context, name = None, ""
    try:
        while hasattr(command, "resolve_command"):
            context = command.make_context(name, list(words), parent=context)
            words = [*context._protected_args, *context.args]
            if not words:
                return ""
            name, command, words = command.resolve_command(context, words)
        command.make_context(name, list(words), parent=context)
    except (click.exceptions.Exit, typer.Exit):  # --help, --version
        return ""
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        return str(error.format_message())
    return ""


@cache
def heelstrike_command() -> Any:
    """Return the command line of a checkout."""
    return typer.main.get_command(app)
