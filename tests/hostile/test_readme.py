"""The table of reported cases names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_tests_of_the_table_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?` \|$", Path(__file__).with_name("README.md").read_text(), re.M)
    assert len(named) > 40
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).is_file() or f"def {name}" not in (ROOT / path).read_text()
    ]
    assert not missing
