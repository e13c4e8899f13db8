"""Documents name files and commands that exist, and link to pages that exist."""

import re
from pathlib import Path

import pytest

from heelstrike.cli import app

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK, SPAN = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE), re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
OTHER_SITE = re.compile(r"https?:|mailto:")
PATH = re.compile(r"(?:pipeline|heelstrike|flows|tests|docs|benchmarks)/[\w./-]*\w/?")
PLACEHOLDER = re.compile(r"/[A-Z][A-Z_]*(?=[/.]|$)")
COMMAND = re.compile(r"\bheelstrike ([a-z][a-z-]+)")

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def code_of(document: Path) -> list[str]:
    """Blocks and spans of code."""
    text = document.read_text()
    return [*BLOCK.findall(text), *SPAN.findall(BLOCK.sub("", text))]


@every_document
def test_relative_links_resolve(document: Path) -> None:
    links = [link for link in LINK.findall(document.read_text()) if not OTHER_SITE.match(link)]
    assert [link for link in links if not (document.parent / link.partition("#")[0]).exists()] == []


@every_document
def test_paths_of_the_repository_exist(document: Path) -> None:
    """A part in capitals stands for any name, as in `pipeline/heads/HEAD`."""
    words = [word.partition(":")[0] for code in code_of(document) for word in code.split()]
    paths = [word.rstrip("/") for word in words if PATH.fullmatch(word)]
    assert [path for path in paths if not any(ROOT.glob(PLACEHOLDER.sub("/*", path)))] == []


@every_document
def test_commands_exist(document: Path) -> None:
    groups = {group.name for group in app.registered_groups}
    known = groups | {command.name or command.callback.__name__ for command in app.registered_commands}
    assert {name for code in code_of(document) for name in COMMAND.findall(code)} <= known


def test_paths_and_commands_are_found() -> None:
    code = code_of(ROOT / "docs" / "stages.md")
    assert "pipeline/STAGE/stage.py" in code
    assert any(COMMAND.search(text) for text in code)
