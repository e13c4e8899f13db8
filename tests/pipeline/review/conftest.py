"""Two versions on a real registry, the second one better."""

from pathlib import Path

import pytest

from heelstrike.files import write_json
from heelstrike.registry.database import open_mlflow
from pipeline.registry.promote import promote
from pipeline.tracking.evidence import log_environment, log_lock, log_sources
from pipeline.tracking.run import run_of
from tests.pipeline.registry.test_gate import judged, tested
from tests.worlds import World, world

__all__ = ["tested", "world"]

SPLITS = {
    1: {"train": {"t1": "0001-aa/t1.mp4", "t2": "0001-aa/t2.mp4"}, "val": {"v1": "0001-aa/v1.mp4"}},
    2: {"train": {"t1": "0001-aa/t1.mp4", "t3": "0002-bb/t3.mp4"}, "val": {"v1": "0001-aa/v1.mp4"}},
}
"""People and videos from which each version learned."""


def record(world: World, number: int) -> None:
    """Record for a version what a retrain records."""
    for split, people in SPLITS[number].items():
        images = [{"subject": subject, "video": video} for subject, video in people.items() for _ in range(3)]
        write_json(world.layout.out("split") / f"{split}.json", {"images": images, "annotations": []})
    client = open_mlflow(world.root)
    experiment = client.get_experiment_by_name("rearfoot").experiment_id
    entry = client.search_runs([experiment], order_by=["attributes.start_time DESC"])[0]
    run = run_of(client, f"sqlite:///{world.root / 'mlflow.db'}", entry)
    log_sources(world.layout, run)
    log_environment(run)
    log_lock(world.layout, run)


@pytest.fixture
def twice(tested: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Version 1 errs by 2 px and is champion; version 2 errs by 1 px on dark images only."""
    monkeypatch.chdir(tested.root)
    promote(tested.root, judged(tested, 1, bias=2.0))
    record(tested, 1)
    judged(tested, 2, bias=0.0, gain=1.2)
    record(tested, 2)
    return tested


def run_id_of(root: Path, number: int) -> str:
    """The id of the run that made a version."""
    run_id = open_mlflow(root).get_model_version("rearfoot", str(number)).run_id
    assert run_id is not None
    return str(run_id)
