"""A stage refuses inputs that are not, byte for byte, what the earlier stage wrote."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from heelstrike.errors import UserError
from pipeline.dependencies.inputs import StageInputs
from pipeline.dependencies.integrity import verify
from pipeline.dvc_lock import locked_stages
from tests.pipeline.dependencies.conftest import Checkout

PREPARED = "data/rearfoot/prepare"
ARRAY = f"{PREPARED}/keypoints.npy"
READS = StageInputs((PREPARED,))


def cached(checkout: Checkout, name: str = "") -> Path:
    """The object in DVC's cache of a file of the prepared folder, or of the folder's list."""
    folder = checkout.root / ".dvc" / "cache" / "files" / "md5"
    md5 = locked_stages(checkout.root)["prepare@rearfoot"]["outs"][0]["md5"]
    listing = folder / md5[:2] / md5[2:]
    md5 = {item["relpath"]: item["md5"] for item in json.loads(listing.read_text())}.get(name, md5)
    return folder / md5[:2] / md5[2:]


def flip(path: Path) -> None:
    """Flip one bit; size, rights and time stay."""
    status, content = path.stat(), bytearray(path.read_bytes())
    content[0] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(status.st_mode)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def follow(checkout: Checkout, message: str, last: str) -> None:
    """Do what the message says: remove, then restore."""
    remove, *_ = re.findall("`(rm [^`]*)`", message)
    assert f"`{last}`" in message
    for command in (remove, last):
        assert checkout.run(*command.split()).returncode == 0


def test_a_bit_flipped_in_the_cache_is_found_before_the_stage_runs(
    checkout: Checkout, capfd: pytest.CaptureFixture[str]
) -> None:
    flip(cached(checkout, "keypoints.npy"))
    shutil.rmtree(checkout.root / PREPARED)
    checkout.run("dvc", "checkout", PREPARED)
    checkout.meanwhile("touch ran")
    assert checkout.refused("train@rearfoot", single_item=True, force=True)
    message = capfd.readouterr().err
    assert f"train@rearfoot: {ARRAY}: not the bytes that prepare@rearfoot wrote" in message
    assert "the copy in the cache of DVC is damaged" in message
    assert not (checkout.root / "ran").exists()
    follow(checkout, message, "dvc repro prepare@rearfoot")
    assert checkout.repro("train@rearfoot", single_item=True, force=True) == ["train@rearfoot"]


def test_a_stage_by_hand_refuses_a_damaged_cache_too(checkout: Checkout) -> None:
    flip(cached(checkout, "images/1.png"))
    flip(checkout.root / PREPARED / "images" / "1.png")
    with pytest.raises(UserError, match=r"images/1\.png: not the bytes.*damaged") as refusal:
        verify(checkout.root, READS)
    follow(checkout, str(refusal.value), "dvc repro prepare@rearfoot")
    verify(checkout.root, READS)


def test_a_bit_flipped_in_the_workspace_is_restored_from_the_cache(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_STAGE", "train@rearfoot")
    flip(checkout.root / ARRAY)
    with pytest.raises(UserError) as refusal:
        verify(checkout.root, READS)
    assert "damaged" not in str(refusal.value)
    follow(checkout, str(refusal.value), f"dvc checkout {PREPARED}")
    verify(checkout.root, READS)


def test_added_and_missing_files_are_named(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", "train@rearfoot")
    (checkout.root / ARRAY).rename(checkout.root / PREPARED / "more.npy")
    with pytest.raises(UserError, match=rf"^{ARRAY}, {PREPARED}/more\.npy: not the bytes"):
        verify(checkout.root, READS)


def test_without_the_cache_the_folder_is_named(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", "train@rearfoot")
    (checkout.root / ".dvc" / "config.local").write_text("[cache]\n    dir = ../elsewhere\n")
    verify(checkout.root, READS)
    flip(checkout.root / ARRAY)
    with pytest.raises(UserError, match=f"^{PREPARED}: not the bytes"):
        verify(checkout.root, READS)
    (checkout.root / ".dvc" / "config.local").unlink()


def test_inputs_made_by_hand_are_taken_only_by_a_stage_run_by_hand(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout.root / ARRAY).write_text("my own")
    verify(checkout.root, READS)
    monkeypatch.setenv("DVC_STAGE", "train@rearfoot")
    with pytest.raises(UserError, match=f"^{ARRAY}: not the bytes"):
        verify(checkout.root, READS)


def test_one_file_of_an_output_is_an_input_too(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", "train@rearfoot")
    flip(checkout.root / ARRAY)
    with pytest.raises(UserError, match="not the bytes"):
        verify(checkout.root, StageInputs((ARRAY,)))
    verify(checkout.root, StageInputs(("code",)))


def test_nothing_is_checked_without_a_lock(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", "train@rearfoot")
    flip(checkout.root / ARRAY)
    with pytest.raises(UserError, match="not the bytes"):
        verify(checkout.root, READS)
    (checkout.root / "dvc.lock").unlink()
    verify(checkout.root, READS)
