"""Documents name files that exist, and link to pages and headings that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"(?:pipeline|heelstrike|flows|tests|docs|benchmarks)/[\w./-]*\w/?")
OTHER_SITE = re.compile(r"https?:|mailto:")
PLACEHOLDER = re.compile(r"/[A-Z][A-Z_]*(?=[/.]|$)")


def test_every_document_is_read() -> None:
    assert len(DOCUMENTS) > 10


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_relative_links_resolve(document: Path) -> None:
    links = [link for link in LINK.findall(document.read_text()) if not OTHER_SITE.match(link)]
    targets = {link: document.parent / link.partition("#")[0] for link in links}
    assert [link for link, target in targets.items() if not target.exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_paths_of_the_repository_exist(document: Path) -> None:
    """A part in capitals, as in `pipeline/heads/HEAD`, stands for any name."""
    paths = [path for code in CODE.findall(document.read_text()) if (path := PATH.fullmatch(code.split(":")[0]))]
    missing = [path.group() for path in paths if not any(ROOT.glob(PLACEHOLDER.sub("/*", path.group().rstrip("/"))))]
    assert missing == []
