"""What may go, and that nothing goes that a champion, its predecessors or an undecided candidate needs."""

import shutil
import sys
from pathlib import Path

import pytest

from flows.batches import content_hash
from flows.gc import needed_versions, remove, survey
from heelstrike.files import file_digest, write_json
from pipeline.registry.approval import approve
from pipeline.registry.history import USER
from pipeline.registry.promote import promote
from pipeline.registry.store import open_registry
from tests.flows.conftest import run
from tests.worlds import World


@pytest.fixture
def checkout(world: World, repository_to_copy: Path) -> World:
    """A checkout whose versions are: 1 was champion, 2 refused, 3 undecided, 4 champion, 5 and 6 refused."""
    shutil.copytree(repository_to_copy, world.root, dirs_exist_ok=True)
    shutil.copy(Path(__file__).parents[1] / "e2e" / "params.yaml", world.root)
    run(world.root, sys.executable, "-m", "dvc", "repro", "--quiet", "second@toy")
    run(world.root, "git", "add", "--force", "dvc.lock")
    run(world.root, "git", "commit", "--quiet", "-m", "Run")
    champion = None
    for number, failed in {1: (), 2: ("error",), 3: None, 4: (), 5: ("error",), 6: ("error",)}.items():
        version = world.candidate(number)
        if failed is not None:
            world.promote_at_once([world.decision(version, champion, *failed)])
            champion = version.number if not failed else champion
    return world


def test_the_needed_versions_have_their_reasons(checkout: World) -> None:
    reasons = needed_versions(checkout.root, "rearfoot", newest=1)
    assert reasons == {
        1: "was champion; a rollback may go back to it",
        3: "not decided yet",
        4: "the champion",
        6: "the newest candidate",
    }
    assert set(needed_versions(checkout.root, "rearfoot", newest=9)) == {1, 2, 3, 4, 5, 6}


def test_a_candidate_that_one_of_two_people_has_approved_is_needed(
    checkout: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_registry(checkout.root, "rearfoot") as registry:
        candidate, champion = registry.version(3), registry.version(4)
    split = checkout.layout.out("split") / "test.json"
    write_json(split, {})
    about = {"approvers": 2, "champion_package": champion.package, "test_split": file_digest(split)}
    promote(checkout.root, checkout.decision(candidate, 4).model_copy(update=about))
    monkeypatch.setenv(USER, "ada")
    assert approve(checkout.layout, 3).kind == "waiting"
    assert needed_versions(checkout.root, "rearfoot", newest=1)[3] == "waits for approval"


def test_what_other_clones_may_need_and_raw_data_that_is_not_committed_stay(checkout: World, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    stray = shared / "files" / "md5" / "ab" / ("0" * 30)
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"of a clone elsewhere")
    run(checkout.root, sys.executable, "-m", "dvc", "remote", "add", "--local", "team", str(shared))
    raw = checkout.root / "data" / "raw" / "rearfoot" / "0009-ab" / "walk.bin"
    raw.parent.mkdir(parents=True)
    raw.write_bytes(b"ingested, and the commit was killed")
    run(checkout.root, sys.executable, "-m", "dvc", "add", "--quiet", str(raw.parent))
    digest = content_hash(raw)
    items = {item.path: item for item in survey(checkout.root, newest=1)}
    assert not items[checkout.root / ".dvc" / "cache" / "files" / "md5" / digest[:2] / digest[2:]].may_go
    assert not items[stray].may_go
    assert "other clones may need it" in items[stray].why


def test_a_version_that_another_training_started_from_is_needed(checkout: World) -> None:
    with open_registry(checkout.root, "rearfoot") as registry:
        run_id = registry.version(6).run_id
        registry.client.set_tag(run_id, "started_from", "rearfoot/2: 120 of 130 tensors, 1.20 of 1.25 M parameters")
    assert needed_versions(checkout.root, "rearfoot", newest=1)[2] == "another training started from it"


def test_only_what_nothing_needs_goes(checkout: World) -> None:
    stray = checkout.root / ".dvc" / "cache" / "files" / "md5" / "ab" / ("0" * 30)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"of a deleted branch")
    items = survey(checkout.root, newest=1)
    going = [item for item in items if item.may_go]
    assert {item.kind for item in going} == {"version rearfoot/2", "version rearfoot/5", "DVC's cache"}
    before = {item.path: item.path.exists() for item in items}
    assert all(before.values())
    remove(items)
    assert not stray.exists()
    assert all(item.path.exists() != item.may_go for item in items)
    assert [item for item in survey(checkout.root, newest=1) if item.may_go] == []
    with open_registry(checkout.root, "rearfoot") as registry:
        for number in needed_versions(checkout.root, "rearfoot", newest=1):
            address = registry.client.get_model_version_download_uri("rearfoot", str(number))
            assert list(Path(address.removeprefix("file://")).rglob("model.onnx"))
