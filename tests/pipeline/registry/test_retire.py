"""A champion that learned from a person who withdrew loses its place."""

from pipeline.registry.history import champions, history
from pipeline.registry.promote import promote
from pipeline.registry.retire import retire
from pipeline.registry.rollback import rollback
from pipeline.registry.store import open_registry
from pipeline.tracking.tags import WITHDRAWN_TAG
from tests.worlds import World


def withdraw(world: World, *versions: int, use: str = "learned from") -> None:
    with open_registry(world.root, world.problem) as registry:
        for version in versions:
            registry.tag(version, {WITHDRAWN_TAG: f"{use} a person who withdrew; receipt 1"})


def test_the_newest_champion_that_did_not_learn_from_the_person_takes_its_place(world: World) -> None:
    for seed, champion in ((1, None), (2, 1), (3, 2)):
        promote(world.root, world.decision(world.candidate(seed), champion))
    assert retire("rearfoot", world.root) == ""
    withdraw(world, 3, use="was tested on")
    assert retire("rearfoot", world.root) == ""
    withdraw(world, 2, 3)
    assert retire("rearfoot", world.root).endswith("receipt 1; the champion is version 1 again")
    assert world.champion == 1
    assert retire("rearfoot", world.root) == ""
    past = history(world.root, "rearfoot")
    assert champions(past) == [1]
    assert past[-1].kind == "rolled_back"
    with open_registry(world.root, "rearfoot") as registry:
        assert promote(world.root, world.decision(registry.version(3), 1)).kind == "refused"


def test_without_an_earlier_one_there_is_none_until_the_next_promotion(world: World) -> None:
    promote(world.root, world.decision(world.candidate(1), None))
    withdraw(world, 1)
    assert "has no champion until a retrain promotes one" in retire("rearfoot", world.root)
    assert world.champion is None
    assert "champion 1 -> none" in history(world.root, "rearfoot")[-1].line()
    for seed, champion in ((2, None), (3, 2)):
        promote(world.root, world.decision(world.candidate(seed), champion))
    rollback("rearfoot", world.root)
    assert champions(history(world.root, "rearfoot")) == [2]
