"""Every example params file is one that Heelstrike accepts."""

from pathlib import Path

import pytest

from pipeline.params import load_params

EXAMPLES = sorted((Path(__file__).parent.parent / "docs" / "examples").glob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_valid(path: Path) -> None:
    assert load_params(path)
