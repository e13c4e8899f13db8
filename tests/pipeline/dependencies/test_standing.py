"""What is edited while a stage runs never gets into dvc.lock."""

import pytest

from tests.pipeline.dependencies.conftest import Checkout

FASTER = "sed -i 's/lr: .*/lr: 0.5/' params.yaml"
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
    (checkout.root / "code" / "network.py").write_text("width = 12\n")
    checkout.repro("prepare@rearfoot")
    between = checkout.lock()
    checkout.meanwhile(meanwhile)
    assert checkout.refused("train@rearfoot")
    message = capfd.readouterr().err
    assert "train@rearfoot: changed while the stage ran" in message
    assert f"\n  {named}\n" in message
    assert checkout.lock() == between != before
