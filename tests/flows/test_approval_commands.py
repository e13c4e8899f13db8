"""`approvals`, `approve` and `reject` by the command line, with real packages that are really judged."""

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from pipeline.registry.history import USER, history
from pipeline.registry.promote import promote, stored_decision
from pipeline.registry.store import open_registry
from tests.flows.conftest import write_params
from tests.pipeline.registry.test_gate import judged, params, tested
from tests.worlds import World

__all__ = ["tested"]

Heelstrike = Callable[..., Result]
SETTINGS = params(approval="required", screen=None)


@pytest.fixture
def clinic(tested: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A problem whose candidates need an approval; the first is champion, the second waits."""
    monkeypatch.setenv(USER, "ada")
    write_params(tested.root, rearfoot=SETTINGS.model_dump(mode="json", by_alias=True))
    promote(tested.root, judged(tested, 1, bias=2.0))
    assert promote(tested.root, judged(tested, 2, SETTINGS, bias=0.5)).kind == "waiting"
    return tested


def say(world: World, heelstrike: Heelstrike, *arguments: Any) -> str:
    done = heelstrike(world.root, *arguments)
    assert done.exit_code == 0, done.output
    return " ".join(done.stdout.split())


def test_what_waits_is_listed_and_approved(clinic: World, heelstrike: Heelstrike) -> None:
    listed = say(clinic, heelstrike, "approvals")
    assert "rearfoot/2" in listed and "ada@" in listed and "0 of 1" in listed
    assert "approved, and the champion now" in say(clinic, heelstrike, "approve", "2", "--why", "looked at all")
    assert clinic.champion == 2
    assert say(clinic, heelstrike, "approvals", "rearfoot") == "No candidate waits for approval."
    assert "approved version 2 champion stays 1 looked at all (ada@" in say(clinic, heelstrike, "history", "rearfoot")


def test_a_stale_decision_is_refused_and_the_candidate_judged_afresh(clinic: World, heelstrike: Heelstrike) -> None:
    before = next(event for event in history(clinic.root, "rearfoot") if event.kind == "waiting")
    split = clinic.layout.out("split") / "test.json"
    split.write_text(split.read_text() + "\n")
    refused = heelstrike(clinic.root, "approve", "rearfoot/2")
    assert refused.exit_code == 1
    text = " ".join(refused.stderr.split())
    assert "rearfoot/2: the decision is stale: it is about the test split" in text
    assert "It was judged afresh, passed every gate and waits again" in text
    assert clinic.champion == 1
    with open_registry(clinic.root, "rearfoot") as registry:
        version = registry.version(2)
    decision = stored_decision(version)
    assert decision is not None
    assert decision.comparison_page and version.tags["comparison"].endswith(decision.comparison_page)
    say(clinic, heelstrike, "approve", "rearfoot/2")
    approved = next(event for event in history(clinic.root, "rearfoot") if event.kind == "approved")
    assert clinic.champion == 2 and approved.evidence != before.evidence


def test_a_rejection_is_final_and_what_is_no_version_is_a_message(clinic: World, heelstrike: Heelstrike) -> None:
    assert heelstrike(clinic.root, "reject", "rearfoot/2").exit_code != 0  # without a reason
    assert "rejected; it will not be promoted" in say(clinic, heelstrike, "reject", "rearfoot/2", "--why", "ankles")
    for version, message in (
        ("rearfoot/2", "does not wait for approval: it was rejected by ada@"),
        ("rearfoot/9", "rearfoot has no version 9"),
        ("rearfoot@champion", "expected a version such as rearfoot/3"),
        ("hand/1", "params.yaml has no problem 'hand'"),
    ):
        done = heelstrike(clinic.root, "approve", version)
        assert done.exit_code == 1 and message in " ".join(done.stderr.split())
