"""The scripts of the pages: their size, and that they load nothing from other sites."""

import re
from pathlib import Path

import pytest

from heelstrike.serve.static_files import FOLDER

SCRIPTS = sorted(FOLDER.rglob("*.js"))
IMPORT = re.compile(r'^import (?:[^;"]* from )?"([^"]+)";', re.MULTILINE)
OWN = [path for path in SCRIPTS if "vendor" not in path.parts]


def test_all_scripts_together_have_at_most_300_kb() -> None:
    assert sum(path.stat().st_size for path in SCRIPTS) <= 300_000


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_modules_import_files_that_are_there(path: Path) -> None:
    names = IMPORT.findall(path.read_text())
    assert [name for name in names if not (path.parent / name).is_file()] == []
