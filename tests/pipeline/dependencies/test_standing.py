"""What is edited while a stage runs never gets into dvc.lock."""

from pathlib import Path

import pytest

from heelstrike.errors import UserError
from pipeline.dependencies.inputs import StageInputs, inputs_of
from pipeline.dependencies.standing import IGNORED
from tests.pipeline.dependencies.conftest import ROOT, Checkout

DATA = "data/rearfoot/prepare/keypoints.npy"


@pytest.mark.parametrize(
    ("meanwhile", "named"),
    [
        ("sed -i 's/batch_size: .*/batch_size: 77/' params.yaml", "params.yaml: rearfoot.train"),
        ("rm params.yaml", "params.yaml: rearfoot.train"),
        ("echo 'width = 16' > code/network.py", "code/network.py"),
        ("echo 'new' > code/more.py", "code/more.py"),
        (f"printf owt > {DATA}", DATA),
        (f"rm {DATA}", DATA),
    ],
)
def test_an_edit_fails_the_stage_and_is_not_recorded(
    checkout: Checkout, capfd: pytest.CaptureFixture[str], meanwhile: str, named: str
) -> None:
    before = checkout.lock()
    checkout.meanwhile(meanwhile)
    assert checkout.refused("train@rearfoot", single_item=True, force=True)
    message = capfd.readouterr().err
    assert "train@rearfoot: changed while the stage ran" in message
    assert f"\n  {named}\n" in message
    assert checkout.lock() == before


def test_the_stage_runs_again_with_what_was_edited(checkout: Checkout) -> None:
    checkout.meanwhile("sed -i 's/batch_size: .*/batch_size: 77/' params.yaml")
    assert checkout.refused("train@rearfoot", single_item=True, force=True)
    checkout.meanwhile("true")
    assert checkout.repro() == ["train@rearfoot"]
    assert "batch_size: 77" in checkout.lock()
    assert checkout.repro() == []


def test_what_the_stage_does_not_read_may_change(checkout: Checkout) -> None:
    checkout.meanwhile(
        "sed -i 's/bootstrap: .*/bootstrap: 7}/; s/^problems/# a comment\\nproblems/' params.yaml;"
        "touch code/network.py; mkdir code/__pycache__; echo > code/__pycache__/network.pyc;"
        "echo > code/.network.py.swp"
    )
    assert checkout.repro("train@rearfoot", single_item=True, force=True) == ["train@rearfoot"]
    assert "# a comment" in (checkout.root / "params.yaml").read_text()


def test_dvc_ignores_the_same_names() -> None:
    assert tuple((ROOT / ".dvcignore").read_text().split()) == IGNORED


def test_a_stage_also_runs_without_dvc_and_says_when_dvc_yaml_is_damaged(tmp_path: Path) -> None:
    assert inputs_of(tmp_path, "train", "toy") == StageInputs()
    (tmp_path / "dvc.yaml").write_text("stages: [")
    with pytest.raises(UserError, match=r"dvc\.yaml: not valid YAML with stages"):
        inputs_of(tmp_path, "train", "toy")
    (tmp_path / "dvc.yaml").write_text("stages: {train: {deps: [code], params: [toy.train]}}")
    assert inputs_of(tmp_path, "train", "toy") == StageInputs(("code",), ("toy.train",))
    assert inputs_of(tmp_path, "split", "toy") == StageInputs()
