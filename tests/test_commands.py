"""Every command that a document shows is one that its program takes, with these options and kinds of arguments."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.cli import DvcParserError, parse_args

from tests.commands import commands, fault, heelstrike_command
from tests.test_docs import DOCUMENTS, every_document

ROOT = Path(__file__).parents[1]
_LACKS = ("Missing argument", "Missing option", "requires an argument")  # a span may name a command alone
_NO_COMMAND = ["is", "locked", "by"]  # "dvc is locked by"


@every_document
def test_heelstrike_takes_its_commands(document: Path) -> None:
    faults = list[str]()
    for shown in commands(document):
        found = fault(heelstrike_command(), shown.words) if shown.program == "heelstrike" else ""
        if found and (shown.whole or not any(lack in found for lack in _LACKS)):
            faults.append(f"heelstrike {' '.join(shown.words)}: {found}")
    assert faults == []


def test_faults_are_found() -> None:
    command = heelstrike_command()
    for words in ("retrain --nope", "nosuch", "grid rnu", "predict", "serve --port x", "users add x --role king"):
        assert fault(command, words.split()), words
    assert fault(command, ["grid", "run", "study", "--budget", "0.1"]) == ""
    assert len([shown for document in DOCUMENTS for shown in commands(document)]) > 200


def test_dvc_takes_its_commands() -> None:
    faults = list[str]()
    for document in DOCUMENTS:
        for shown in commands(document):
            if shown.program == "dvc" and shown.words != _NO_COMMAND:
                try:
                    parse_args(shown.words)
                except DvcParserError as error:
                    if shown.whole:
                        faults.append(f"{document.name}: dvc {' '.join(shown.words)}: {error}")
    assert faults == []


@every_document
def test_modules_that_are_run_exist(document: Path) -> None:
    modules = [
        shown.words[1]
        for shown in commands(document)
        if shown.program in ("python", "python3") and shown.words[0] == "-m"
    ]
    assert [name for name in modules if importlib.util.find_spec(name) is None] == []


@pytest.mark.slow
@pytest.mark.parametrize("program", ["mlflow", "prefect"])
def test_servers_have_the_subcommands_and_options(program: str) -> None:
    """Their own help names every subcommand and every option that a document shows."""
    shown = {tuple(one.words) for document in DOCUMENTS for one in commands(document) if one.program == program}
    assert shown
    for words in shown:
        names = [word for word in words if not word.startswith("-")]
        depth = 2 if program == "prefect" or names[0] == "models" else 1
        options = [word.partition("=")[0] for word in words if word.startswith("-")]
        command = [sys.executable, "-m", program, *names[:depth], "--help"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        assert done.returncode == 0, done.stderr
        assert [option for option in options if option not in done.stdout] == []
