"""MkDocs hook: the site has a page for everything of the repository that a document links to.

A link from `docs/params.md` to `../pipeline/problem.py` works where the repository is shown, and would leave the site.
Here it leads to the page `repository/pipeline/problem.py.md`, which shows the file. Documents outside `docs` (README,
CONTRIBUTING, RESULTS) become pages as they are, and so does what they link to.
"""

import os
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
_DOCS, _ASIDE = "docs", "repository"
_LINK = re.compile(r"(?<=\]\()(?!\w+:|#|/)([^)\s#]+)")
_CODE = re.compile(r"^ *```.*?^ *```|`[^`\n]+`", re.DOTALL | re.MULTILINE)
_ALWAYS = ("README.md", "CONTRIBUTING.md", "benchmarks/RESULTS.md")
_UNSEARCHED = "---\nsearch:\n  exclude: true\n---\n\n"  # code would stand before what documents say
_LANGUAGES = {".py": "python", ".yaml": "yaml", ".json": "json"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List pages that the navigation does not name under "More"."""
    named = set(re.findall(r"[\w/.-]+\.md", repr(config.nav)))
    more = sorted(page.name for page in (ROOT / _DOCS).glob("*.md") if page.name not in named)
    if more and config.nav is not None:
        config.nav.append({"More": list(more)})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each file and folder outside `docs` that a document links to."""
    wanted, seen = [*_ALWAYS, *_links_of(_DOCS)], set[str]()
    while wanted:
        path = wanted.pop()
        if path in seen or path.startswith(f"{_DOCS}/") or not (ROOT / path).exists():
            continue
        seen.add(path)
        files.append(File.generated(config, _page_of(path), content=_content(path)))
        wanted += _targets(path) if path.endswith(".md") else []
        if (ROOT / path).is_dir():
            wanted += [f"{path}/{name}" for name in _listed(path)]
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links to the pages of this site."""
    here = page.file.src_uri
    source = here.removeprefix(f"{_ASIDE}/") if here.startswith(f"{_ASIDE}/") else f"{_DOCS}/{here}"

    def led(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[0]))
        target = path.removeprefix(f"{_DOCS}/") if path.startswith(f"{_DOCS}/") else _page_of(path)
        return posixpath.relpath(target, posixpath.dirname(here) or ".")

    parts, last = list[str](), 0
    for code in _CODE.finditer(markdown):
        parts += [_LINK.sub(led, markdown[last : code.start()]), code[0]]
        last = code.end()
    return "".join([*parts, _LINK.sub(led, markdown[last:])])


def _links_of(folder: str) -> list[str]:
    return [target for page in (ROOT / folder).glob("*.md") for target in _targets(f"{folder}/{page.name}")]


def _targets(document: str) -> list[str]:
    """Return the paths in the repository that a document links to."""
    text = _CODE.sub("", (ROOT / document).read_text())
    return [posixpath.normpath(posixpath.join(posixpath.dirname(document), link)) for link in _LINK.findall(text)]


def _page_of(path: str) -> str:
    return f"{_ASIDE}/{path}" if path.endswith((".md", ".png", ".jpg")) else f"{_ASIDE}/{path}.md"


def _content(path: str) -> str | bytes:
    """Return a document as it is, a file as code, and a folder as a list of its files."""
    file = ROOT / path
    if file.suffix in (".png", ".jpg"):
        return file.read_bytes()
    if file.suffix == ".md":
        return file.read_text()
    if file.is_dir():
        return "\n".join([f"# {path}", "", *(f"- [{name}]({file.name}/{name})" for name in _listed(path))])
    fence = "`" * 4
    return f"{_UNSEARCHED}# {path}\n\n{fence}{_LANGUAGES.get(file.suffix, 'text')}\n{file.read_text()}\n{fence}\n"


def _listed(folder: str) -> list[str]:
    return sorted(entry.name for entry in os.scandir(ROOT / folder) if entry.is_file() and entry.name.endswith(".py"))
