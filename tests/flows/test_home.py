"""What `heelstrike` alone says at the top of a checkout."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from flows.home import place_in_checkout
from heelstrike.registry.glance import glance
from pipeline.layout import STAGES
from pipeline.registry.promote import promote
from tests.flows.conftest import write_params
from tests.flows.inboxes import TOY
from tests.worlds import World

Heelstrike = Callable[..., Result]


@pytest.fixture(autouse=True)
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("HEELSTRIKE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def checkout(world: World) -> Path:
    """A checkout whose stages have run, with the champion toy/1."""
    world.problem = "toy"
    write_params(world.root, toy=TOY)
    (world.root / "dvc.yaml").write_text("stages: {}\n")
    lock = "".join(f"  {stage}@toy: {{cmd: x}}\n" for stage in STAGES)
    promote(world.root, world.decision(world.candidate(1), None))
    (world.root / "dvc.lock").write_text(f"schema: '2.0'\nstages:\n{lock}")
    return world.root


def sentences(root: Path) -> list[str]:
    return [text for name, text in place_in_checkout(root).rows if name == "toy"]


def test_a_fresh_checkout_is_to_be_trained(tmp_path: Path) -> None:
    write_params(tmp_path, toy=TOY)
    assert sentences(tmp_path) == ["never trained here"]
    assert place_in_checkout(tmp_path).next == "heelstrike retrain toy"


def test_a_wrong_params_file_comes_first(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("problems: [toy]\ntoy: {model: {name: spatial}}\n")
    place = place_in_checkout(tmp_path)
    assert [name for name, _ in place.rows] == ["registry", "error", "error"]
    assert "toy.problem: Field required" in place.rows[1][1]
    assert place.next.startswith("correct this")


def test_a_trained_checkout_is_to_be_tried(checkout: Path) -> None:
    assert sentences(checkout) == ["champion: version 1", "all 8 stages have run"]
    assert place_in_checkout(checkout).next == "heelstrike demo"
    (checkout / "walk.mp4").write_bytes(b"")
    assert place_in_checkout(checkout).next == "heelstrike predict walk.mp4 --overlay"


def test_files_of_the_inbox_are_counted_without_those_left_with_a_reason(checkout: Path) -> None:
    inbox = checkout / "data" / "inbox" / "toy"
    inbox.mkdir(parents=True)
    for name in ("a.mp4", "a.mp4.reason.txt"):
        (inbox / name).write_text("")
    assert sentences(checkout)[-1] == "inbox: 1 file, 1 of them left there with a reason beside it"
    assert place_in_checkout(checkout).next == "read data/inbox/toy/*.reason.txt"
    (inbox / "b.mp4").write_text("")
    assert place_in_checkout(checkout).next == "heelstrike retrain toy"


def test_people_are_asked_first(checkout: Path, world: World) -> None:
    known = glance(checkout, "toy")
    assert known is not None
    decision = world.decision(world.candidate(2), 1)
    promote(checkout, decision.model_copy(update={"approvers": 1, "champion_package": known.versions[0].package}))
    assert sentences(checkout)[-1] == "waiting for approval: toy/2"
    assert place_in_checkout(checkout).next == "heelstrike approvals"


def test_a_server_is_not_asked(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert sentences(checkout)[0] == "champion: not looked up; `heelstrike models` asks the registry"


def test_the_command_alone_prints_it(checkout: Path, heelstrike: Heelstrike) -> None:
    done = heelstrike(checkout)
    assert done.exit_code == 0
    assert "toy       champion: version 1" in done.stdout
    assert "next: heelstrike demo" in done.stdout


def test_elsewhere_the_command_alone_is_a_consumers(tmp_path: Path, heelstrike: Heelstrike) -> None:
    done = heelstrike(tmp_path)
    assert done.exit_code == 0
    assert "cached    no model yet" in done.stdout
