"""`heelstrike monitor` by the command line, on a real registry; the event is tried on a real server in tests/e2e."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from prefect.settings import PREFECT_API_URL, temporary_settings

from heelstrike.monitor.reference import REFERENCE as FILE
from heelstrike.monitor.reference import Reference, reference_bytes
from heelstrike.monitor.wire import InputRecord, ModelOf, write_small
from heelstrike.registry.versions import CHAMPION
from pipeline.registry.store import open_registry
from tests.flows.conftest import write_params
from tests.packages import make_package
from tests.pipeline.monitor.test_compare import REFERENCE, record
from tests.pipeline.registry.test_gate import params
from tests.worlds import World

Heelstrike = Callable[..., Result]


@pytest.fixture
def champion(world: World) -> str:
    """A champion whose package has a reference; returns its digest."""
    write_params(world.root, rearfoot=params().model_dump(mode="json", by_alias=True))
    folder = world.layout.out("package")
    folder.mkdir(parents=True)
    reference = Reference(heelstrike="0.1.0", test_split="0" * 64, records=tuple(REFERENCE))
    (folder / FILE).write_bytes(reference_bytes(reference))
    version = world.candidate(1)
    with open_registry(world.root, "rearfoot") as registry:
        registry.set_alias(CHAMPION, version.number)
    return version.package


def write(folder: Path, package: str, seeds: range, **changes: float) -> None:
    for seed in seeds:
        one: InputRecord = record(seed, **changes)
        model = ModelOf(problem="rearfoot", version="1", digest=package)
        write_small(folder, one.model_copy(update={"model": model}))


def test_drift_is_told_once_and_exits_with_3(world: World, champion: str, heelstrike: Heelstrike) -> None:
    write(world.root / "records/ward", champion, range(5))
    calm = heelstrike(world.root, "monitor", "rearfoot", "--records", "records")
    assert calm.exit_code == 0, calm.output
    assert "rearfoot/1: 0 of 1 new windows of 5 drifted from the 50 records" in " ".join(calm.stdout.split())
    write(world.root / "records/ward", champion, range(10, 17), light=1.6)
    told = heelstrike(world.root, "monitor", "rearfoot", "--records", "records")
    assert told.exit_code == 3, told.output
    said = " ".join(told.stdout.split())
    assert "drift: ward, 2026-11-29 00:00 to 2026-11-29 00:00 UTC, 5 inputs" in said
    assert "brightness of the picture: " in said and "2 records wait for their window" in said
    again = heelstrike(world.root, "monitor", "rearfoot", "--records", "records", "--json")
    assert again.exit_code == 0
    assert json.loads(again.stdout) == {
        "model": "rearfoot/1",
        "package": champion,
        "reference_records": 50,
        "window": 5,
        "level": 0.01,
        "drifted": False,
        "windows": [],
        "waiting": {"ward": 2},
        "records_of_other_versions": 0,
        "damaged": [],
    }


def test_a_clinics_own_records_may_be_the_reference(world: World, champion: str, heelstrike: Heelstrike) -> None:
    write(world.root / "before", champion, range(30), light=1.6)
    write(world.root / "records", champion, range(40, 45), light=1.6)
    options = ("monitor", "rearfoot", "--records", "records", "--reference")
    done = heelstrike(world.root, *options, "before", "--json")
    assert (done.exit_code, json.loads(done.stdout)["reference_records"]) == (0, 30), done.output
    write(world.root / "few", champion, range(4))
    few = heelstrike(world.root, *options, "few")
    assert few.exit_code == 1 and "4 records of rearfoot/1, at least 20 are needed" in " ".join(few.output.split())


def test_a_package_without_a_reference_says_what_to_do(world: World, heelstrike: Heelstrike) -> None:
    write_params(world.root, rearfoot=params().model_dump(mode="json", by_alias=True))
    make_package(world.layout.out("package"))
    version = world.candidate(1)
    with open_registry(world.root, "rearfoot") as registry:
        registry.set_alias(CHAMPION, version.number)
    write(world.root / "records", version.package, range(5))
    done = heelstrike(world.root, "monitor", "rearfoot", "--records", "records")
    assert done.exit_code == 1
    assert "the next retrain packages one, or give a folder of records" in " ".join(done.output.split())
    with temporary_settings({PREFECT_API_URL: None}):  # other tests of this process have a server
        nothing = heelstrike(world.root, "monitor", "rearfoot", "--records", "records", "--retrain")
    assert nothing.exit_code == 1 and "set PREFECT_API_URL" in nothing.output
