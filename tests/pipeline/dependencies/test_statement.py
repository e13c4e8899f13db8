"""dvc.yaml states what the source says, and is corrected where it does not."""

import shutil
import sys
from pathlib import Path

import pytest

from pipeline.dependencies.__main__ import main
from pipeline.dependencies.closure import EXEMPT
from pipeline.dependencies.source import SourceCode
from pipeline.dependencies.statement import differences

ROOT = Path(__file__).parents[3]


def test_dvc_yaml_states_all_that_every_stage_runs_and_nothing_else() -> None:
    lines = differences(ROOT)
    assert not lines, "\n".join(["correct dvc.yaml (`python -m pipeline.dependencies --write`):", *lines])


def test_what_is_exempt_is_there() -> None:
    assert EXEMPT.keys() <= SourceCode(ROOT).modules.keys()


def test_the_command_names_each_line_and_corrects_it_with_comments_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for package in ("heelstrike", "pipeline"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    file, right = tmp_path / "dvc.yaml", (ROOT / "dvc.yaml").read_text()
    wrong = right.replace("        - pipeline/evaluate\n", "        - pipeline/tracking\n")
    file.write_text(wrong.replace('"${item}.problem", "${item}.split"', '"${item}.problem", "${item}.gates"'))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["dependencies"])
    assert main() == 1
    assert capsys.readouterr().out.splitlines() == [
        "split: add params - ${item}.split",
        "split: remove params - ${item}.gates",
        "evaluate: add deps - pipeline/evaluate",
        "evaluate: remove deps - pipeline/tracking",
    ]
    monkeypatch.setattr(sys, "argv", ["dependencies", "--write"])
    assert main() == 0
    assert file.read_text() == right
