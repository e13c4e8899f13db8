"""Who becomes champion, who does not, and the way back."""

import shutil
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from heelstrike.errors import UserError
from pipeline.registry.decision import GATES, Decision
from pipeline.registry.history import champions, history
from pipeline.registry.promote import promote, stored_decision
from pipeline.registry.rollback import rollback
from pipeline.registry.store import open_registry


def test_the_same_package_is_registered_once(world):
    first = world.candidate(1)
    assert world.candidate(1).number == first.number == 1
    assert world.candidate(2).number == 2
    with open_registry(world.root, "rearfoot") as registry:
        assert registry.aliases() == {"challenger": 2}


def test_a_version_points_to_its_run_and_model(world):
    version = world.candidate(1)
    with open_registry(world.root, "rearfoot") as registry:
        entry = registry.client.get_model_version("rearfoot", "1")
        assert entry.run_id == version.run_id
        model = registry.client.get_logged_model(entry.source.removeprefix("models:/"))
        assert model.tags["mlflow.modelVersions"] == '[{"name": "rearfoot", "version": 1}]'
        assert entry.tags["heelstrike.package"] == version.package


def test_the_first_that_passes_becomes_champion_and_the_version_says_why(world):
    version = world.candidate(1)
    outcome = promote(world.root, world.decision(version, None))
    assert (outcome.kind, outcome.champion_before, world.champion) == ("promoted", None, 1)
    with open_registry(world.root, "rearfoot") as registry:
        tags = registry.version(1).tags
        assert tags["verdict"] == "All gates passed."
        assert stored_decision(registry.version(1)).passed
        assert "| slices | pass |" in registry.client.get_model_version("rearfoot", "1").description


def test_any_failed_gate_keeps_the_champion(world):
    promote(world.root, world.decision(world.candidate(1), None))
    candidate = world.candidate(2)
    for failed in GATES:
        outcome = promote(world.root, world.decision(candidate, 1, failed))
        assert (outcome.kind, world.champion) == ("refused", 1)
        assert outcome.why == f"{failed}: {failed} was made up"
        assert not outcome.repeated
    assert promote(world.root, world.decision(candidate, 1, failed)).repeated


def test_a_decision_under_the_tags_old_name_is_read(world):
    decision = world.decision(world.candidate(1), None)
    with open_registry(world.root, "rearfoot") as registry:
        registry.tag(1, {"heelstrike.decision": decision.model_dump_json()})
        assert stored_decision(registry.version(1)) == decision


def test_a_missing_gate_is_a_failed_gate(world):
    decision = world.decision(world.candidate(1), None)
    short = Decision.model_validate(decision.model_dump() | {"gates": decision.gates[1:]})
    assert not short.passed
    assert promote(world.root, short).why == "validation: was not computed"
    assert world.champion is None


def test_a_champion_that_moved_meanwhile_is_not_overrun(world):
    first, second, third = (world.candidate(seed) for seed in (1, 2, 3))
    promote(world.root, world.decision(first, None))
    late = world.decision(third, 1)
    promote(world.root, world.decision(second, 1))
    with pytest.raises(UserError, match=r"champion is now version 2, but the decision compared with 1"):
        promote(world.root, late)
    assert world.champion == 2


def test_a_decision_about_another_package_promotes_nothing(world):
    decision = world.decision(world.candidate(1), None)
    other = Decision.model_validate(decision.model_dump() | {"challenger_package": "f" * 64})
    with pytest.raises(UserError, match=r"rearfoot/1: holds the package .* but the decision is about ffffffffffff"):
        promote(world.root, other)


def test_promoting_twice_is_promoting_once(world):
    decision = world.decision(world.candidate(1), None)
    promote(world.root, decision)
    past = history(world.root, "rearfoot")
    assert promote(world.root, decision).kind == "already"
    assert history(world.root, "rearfoot") == past


def test_rollback_restores_the_champion_before_and_the_one_before_that(world):
    for seed in (1, 2, 3):
        promote(world.root, world.decision(world.candidate(seed), world.champion))
    assert str(rollback("rearfoot", world.root)).startswith("rearfoot: the champion is version 2 again")
    assert world.champion == 2
    rollback("rearfoot", world.root)
    assert world.champion == 1
    with pytest.raises(UserError, match="version 1 is the first champion, there is none before it"):
        rollback("rearfoot", world.root)
    assert [(event.kind, event.version, event.champion_before) for event in history(world.root, "rearfoot")] == [
        ("promoted", 1, None),
        ("promoted", 2, 1),
        ("promoted", 3, 2),
        ("rolled_back", 2, 3),
        ("rolled_back", 1, 2),
    ]


def test_rollback_of_a_version_that_is_champion_for_the_second_time(world):
    first, second = world.candidate(1), world.candidate(2)
    for version in (first, second, first):
        promote(world.root, world.decision(version, world.champion))
    rollback("rearfoot", world.root)
    assert world.champion == 2


def test_what_was_rolled_back_is_not_promoted_again_but_a_new_candidate_is(world):
    first, second = world.candidate(1), world.candidate(2)
    promote(world.root, world.decision(first, None))
    promote(world.root, world.decision(second, 1))
    rollback("rearfoot", world.root)
    outcome = promote(world.root, world.decision(second, 1))
    assert outcome.kind == "refused"
    assert "was rolled back" in outcome.why
    promote(world.root, world.decision(world.candidate(3), 1))
    assert world.champion == 3
    rollback("rearfoot", world.root)
    assert world.champion == 1


def test_rollback_to_a_damaged_package_moves_nothing(world, tmp_path):
    for seed in (1, 2):
        promote(world.root, world.decision(world.candidate(seed), world.champion))
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    for path in (world.root / "mlartifacts").rglob("model.onnx"):
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match="the package is damaged"):
        rollback("rearfoot", world.root)
    assert world.champion == 2


def test_rollback_without_a_champion_says_so(world):
    with pytest.raises(UserError, match="rearfoot: has no champion, so nothing to roll back"):
        rollback("rearfoot", world.root)


def test_of_two_promotions_at_once_one_wins_and_the_other_sees_it(world):
    decisions = [world.decision(world.candidate(seed), None) for seed in (1, 2)]
    results = world.promote_at_once(decisions)
    assert sorted(result == "promoted" for result in results) == [False, True]
    assert any("the champion is now version" in result for result in results)


@pytest.mark.parametrize("where", ["set_alias", "tag"])
def test_killed_while_promoting_the_same_call_goes_on(world, where):
    promote(world.root, world.decision(world.candidate(1), None))
    decision = world.decision(world.candidate(2), 1)
    script = f"""
import os, sys
from pathlib import Path
from pipeline.registry.decision import Decision
from pipeline.registry.promote import promote
from pipeline.registry.store import Registry
Registry.{where} = lambda *a: os._exit(9)
promote(Path(sys.argv[1]), Decision.model_validate_json(sys.argv[2]))
"""
    killed = subprocess.run([sys.executable, "-c", script, str(world.root), decision.model_dump_json()], check=False)
    assert (killed.returncode, world.champion) == (9, 1)
    assert promote(world.root, decision).kind == "promoted"
    assert world.champion == 2
    assert [event.kind for event in history(world.root, "rearfoot")] == ["promoted", "promoted"]
    rollback("rearfoot", world.root)
    assert world.champion == 1


def test_only_passed_versions_or_rollbacks_make_a_champion(world):
    """No sequence of calls leaves `champion` on a version whose gates failed, unless a rollback put it back there."""
    count = iter(range(10_000))

    class Calls(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.world = type(world)(world.root, f"p{next(count)}")
            self.versions, self.passed, self.line = {}, set(), []

        @rule(seed=st.integers(1, 3))
        def register(self, seed):
            self.versions[seed] = self.world.candidate(seed)

        @precondition(lambda self: self.versions)
        @rule(data=st.data(), failed=st.sampled_from([(), (), ("slices",), ("error", "parity")]), stale=st.booleans())
        def judge_and_promote(self, data, failed, stale):
            version = data.draw(st.sampled_from(list(self.versions.values())))
            champion = version.number + 7 if stale else self.world.champion
            decision = self.world.decision(version, champion, *failed)
            try:
                outcome = promote(self.world.root, decision)
            except UserError:
                assert stale
                return
            if outcome.kind == "promoted":
                assert decision.passed
                self.passed.add(version.number)
                self.line.append(version.number)

        @rule()
        def roll_back(self):
            try:
                done = rollback(self.world.problem, self.world.root)
            except UserError:
                assert len(self.line) < 2
                return
            assert done.taken_back == self.line.pop()
            assert done.restored == self.line[-1]

        @invariant()
        def champion_is_the_end_of_the_line(self):
            assert self.world.champion == (self.line[-1] if self.line else None)
            assert set(self.line) <= self.passed
            if self.versions:
                assert champions(history(self.world.root, self.world.problem)) == self.line

    run_state_machine_as_test(
        Calls,
        settings=settings(
            max_examples=6,
            stateful_step_count=10,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
