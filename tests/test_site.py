"""The manual as a site: it builds without a warning, every link and anchor leads somewhere, and nothing is loaded."""

import logging
import os
import re
from pathlib import Path

import pytest

os.environ["NO_MKDOCS_2_WARNING"] = "1"  # a notice about another program, printed by the theme

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "deploy" / "docs" / "mkdocs.yml"
# what a browser loads by itself; links that a reader follows are not among it
_LOADED = re.compile(
    r"<(?:script|img|iframe|source)[^>]+src=\"?(https?:)?//|<link[^>]+href=\"?(https?:)?//", re.IGNORECASE
)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build(load_config(str(CONFIG), site_dir=str(folder)))
    return folder


def test_it_is_built_strictly_and_has_every_document(site: Path) -> None:
    for document in (ROOT / "docs").glob("*.md"):
        assert (site / f"{document.stem}.html").is_file()
    for page in ("index.html", "CONTRIBUTING.html", "benchmarks/RESULTS.html", "pipeline/problem.py.html"):
        assert (site / "repository" / page).is_file()


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 40
    assert [page.name for page in pages if _LOADED.search(page.read_text())] == []


def test_a_link_or_anchor_that_leads_nowhere_stops_the_build(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Else a green build would mean nothing."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text("# Start\n\n[a](#nowhere) [b](missing.md)\n")
    own = {"docs_dir": str(docs), "site_dir": str(tmp_path / "site"), "hooks": [], "nav": ["index.md"]}
    with caplog.at_level(logging.WARNING, logger="mkdocs"), pytest.raises(Abort):
        build(load_config(str(CONFIG), **own))
    assert {"nowhere", "missing.md"} <= set(re.findall(r"nowhere|missing\.md", caplog.text))
