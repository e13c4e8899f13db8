"""Candidates that wait for people: who may decide, on what, and what a restart or a kill leaves."""

import subprocess
import sys

import pytest

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from pipeline.registry.approval import StaleDecisionError, approve, reject, waiting
from pipeline.registry.history import USER, champions, history
from pipeline.registry.promote import promote, stored_decision
from pipeline.registry.rollback import rollback
from pipeline.registry.store import open_registry


@pytest.fixture
def office(world, monkeypatch):
    """A world with a test split, in which a person acts by name."""
    split = world.layout.out("split")
    split.mkdir(parents=True)
    (split / "test.json").write_text("{}")
    world.act_as = lambda name: monkeypatch.setenv(USER, name)
    world.act_as("ada")
    return world


def decided(world, seed, approvers=1, four_eyes=False):
    """A decision on a new candidate that passed every gate and waits."""
    version = world.candidate(seed)
    with open_registry(world.root, world.problem) as registry:
        champion = registry.aliased("champion")
    split = world.layout.out("split") / "test.json"
    update = {
        "test_split": file_digest(split),
        "champion_package": None if champion is None else champion.package,
        "approvers": approvers,
        "four_eyes": four_eyes,
        "started_by": "ada@host",
    }
    return world.decision(version, champion and champion.number).model_copy(update=update)


def kinds(world):
    return [(event.kind, event.version) for event in history(world.root, world.problem)]


def test_a_passed_candidate_waits_until_it_is_approved(office):
    decision = decided(office, 1)
    assert promote(office.root, decision).kind == "waiting"
    assert promote(office.root, decision).kind == "waiting"
    assert office.champion is None
    (entry,) = waiting(office.layout)
    assert (entry.version.number, entry.given, entry.stale) == (1, [], None)
    result = approve(office.layout, 1, "looked at all frames")
    assert (result.kind, office.champion, waiting(office.layout)) == ("promoted", 1, [])
    assert kinds(office) == [("waiting", 1), ("approved", 1), ("promoted", 1)]
    approved = history(office.root, office.problem)[1]
    assert (approved.why, approved.person, approved.evidence) == ("looked at all frames", "ada", decision.evidence)
    assert champions(history(office.root, office.problem)) == [1]
    with open_registry(office.root, office.problem) as registry:
        page = registry.client.get_model_version(office.problem, "1").description
        assert stored_decision(registry.version(1)).evidence == decision.evidence
    assert page.startswith("- Approved by ada@") and f"- Evidence: decision {decision.evidence}" in page


def test_two_people_have_to_approve_and_neither_started_it(office):
    promote(office.root, decided(office, 1, approvers=2, four_eyes=True))
    with pytest.raises(UserError, match=r"ada@.* started its retrain and cannot approve it \(gates.four_eyes\)"):
        approve(office.layout, 1)
    office.act_as("ben")
    assert approve(office.layout, 1).kind == "waiting"
    with pytest.raises(UserError, match=r"ben@.* has approved it already \(1 of 2\); another person has to"):
        approve(office.layout, 1)
    office.act_as("eve")
    assert approve(office.layout, 1).kind == "promoted"
    assert kinds(office) == [("waiting", 1), ("approved", 1), ("approved", 1), ("promoted", 1)]


def test_a_rejected_candidate_is_never_promoted(office):
    decision = decided(office, 1)
    promote(office.root, decision)
    with pytest.raises(UserError, match="a rejection needs a reason"):
        reject(office.layout, 1, " ")
    reject(office.layout, 1, "ankles of children are off")
    with pytest.raises(UserError, match=r"rearfoot/1 does not wait for approval: it was rejected by ada@.*ankles of"):
        approve(office.layout, 1)
    outcome = promote(office.root, decision)
    assert outcome.kind == "refused" and "was rejected by ada@" in outcome.why
    assert office.champion is None


def test_a_decision_about_another_champion_or_split_is_stale(office):
    promote(office.root, decided(office, 1))
    promote(office.root, decided(office, 2))
    approve(office.layout, 1)
    with pytest.raises(StaleDecisionError, match="compared with champion version None, and now it is version 1"):
        approve(office.layout, 2)
    promote(office.root, decided(office, 3))
    split = office.layout.out("split") / "test.json"
    split.write_text('{"images": []}')
    with pytest.raises(StaleDecisionError, match=r"it is about the test split .*, and today's is "):
        approve(office.layout, 3)
    assert [bool(entry.stale) for entry in waiting(office.layout)] == [True, True]
    split.unlink()
    with pytest.raises(UserError, match="`dvc pull` gets it"):
        approve(office.layout, 3)
    assert office.champion == 1


def test_a_new_decision_needs_approvals_of_its_own(office):
    decision = decided(office, 1, approvers=2)
    promote(office.root, decision)
    approve(office.layout, 1)
    again = decision.model_copy(update={"time": "2030-01-01T00:00:00.000000Z"})
    promote(office.root, again)
    (entry,) = waiting(office.layout)
    assert entry.given == []
    office.act_as("ben")
    assert approve(office.layout, 1).kind == "waiting"


def test_killed_between_the_approval_and_the_alias_the_same_call_goes_on(office):
    promote(office.root, decided(office, 1))
    script = """
import os, sys
from pathlib import Path
from pipeline.layout import Layout
from pipeline.registry.approval import approve
from pipeline.registry.store import Registry
Registry.set_alias = lambda *a: os._exit(9)
approve(Layout(Path(sys.argv[1]), "rearfoot"), 1)
"""
    killed = subprocess.run([sys.executable, "-c", script, str(office.root)], check=False)
    assert (killed.returncode, office.champion) == (9, None)
    assert approve(office.layout, 1).kind == "promoted"
    assert office.champion == 1
    assert kinds(office).count(("approved", 1)) == kinds(office).count(("promoted", 1)) == 1


def test_a_rollback_makes_what_waits_stale_and_goes_back_through_approved_champions(office):
    for seed in (1, 2):
        promote(office.root, decided(office, seed))
        approve(office.layout, seed)
    promote(office.root, decided(office, 3))
    rollback(office.problem, office.root)
    assert office.champion == 1
    with pytest.raises(StaleDecisionError, match="compared with champion version 2, and now it is version 1"):
        approve(office.layout, 3)
