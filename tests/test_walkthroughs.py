"""The pages that lead somewhere step by step: their settings are accepted, their commands and their code run."""

import re
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import yaml

from heelstrike.preprocess.settings import InputSize
from pipeline.collect.settings import CollectSettings
from pipeline.params import load_params
from pipeline.problem import Problem

ROOT = Path(__file__).parents[1]


def blocks(document: str, language: str) -> list[str]:
    """The blocks of a language in a document, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / "docs" / document).read_text(), re.DOTALL | re.MULTILINE)


def test_the_sources_of_all_tools_are_accepted() -> None:
    kinds = set[str]()
    for block in blocks("labels-from-tools.md", "yaml"):
        settings = CollectSettings.model_validate(yaml.safe_load(block)["collect"])
        kinds |= {source.kind for source in settings.sources}
    table = re.findall(r"\[`(.+?)`\]\(#", (ROOT / "docs" / "labels-from-tools.md").read_text())
    assert kinds == {kind for entry in table for kind in entry.split("`, `")}


def test_a_second_problem_is_added_by_the_commands(tmp_path: Path) -> None:
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    script = blocks("second-problem.md", "sh")[0].replace("heelstrike params", "")
    subprocess.run(["bash", "-euc", script], cwd=tmp_path, check=True)
    assert list(load_params(tmp_path / "params.yaml")) == ["rearfoot", "shapes"]
    assert (tmp_path / "data" / "raw" / "shapes").is_dir()


def test_the_network_of_the_page_is_built_and_predicts(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from pipeline.models.build import build_model
    from pipeline.models.settings import ARCHITECTURES, maps

    settings, network = blocks("add-a-network.md", "python")
    namespace: dict[str, Any] = dict(vars(maps))
    exec(settings, namespace)
    monkeypatch.setattr(maps, "ResidualSettings", namespace["ResidualSettings"], raising=False)
    monkeypatch.setitem(ARCHITECTURES, "residual", namespace["ResidualSettings"])
    module = types.ModuleType("pipeline.models.maps.residual")
    exec(network, vars(module))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    problem = Problem(keypoints=("a", "b"), input=InputSize(width=42, height=32))
    built = build_model(
        problem, ARCHITECTURES["residual"].model_validate({"name": "residual", "width": 4, "blocks": 1})
    )
    assert built.predict(torch.zeros(2, 32, 42, 3, dtype=torch.uint8))["keypoints"].shape == (2, 2, 2)
