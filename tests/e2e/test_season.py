"""A season in an hour: twelve retrains while people come and go and everything breaks once; at the end all agrees."""

import csv
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from flows.forget.registry_texts import texts_of
from flows.forget.scan import scan, words_of
from heelstrike.package.manifest import read_manifest, verify
from heelstrike.registry.database import open_mlflow
from heelstrike.registry.pull import resolve
from heelstrike.video.writer import write_video
from pipeline.layout import REASON_SUFFIX
from pipeline.registry.history import champions, history
from pipeline.registry.store import open_registry
from pipeline.synthetic import rearfoot
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.settings import SyntheticSource
from tests.e2e.conftest import Workplace, make_workplace
from tests.e2e.servers import Servers, wait_until
from tests.stores import kill_postgresql, postgresql

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2700)]

_INJECT = Path(__file__).parents[1] / "hostile" / "inject"
_POINTS = ["left_shank", "left_ankle", "left_heel", "right_shank", "right_ankle", "right_heel"]
GUEST = "anna" + "7401"  # a name that no file of the checkout has, this one included
NAMES = [GUEST, f"{GUEST}_walk.mp4"]
_QUIET_SCHEDULE = {"*/15 * * * *": "0 0 1 1 *"}  # the season asks for each run itself


class Season:
    """A checkout whose registry is on PostgreSQL, with a Prefect server and a worker.

    Attributes:
        place: The checkout.
        servers: Its Prefect server and worker.
        database: PostgreSQL.
        files: MD5 of each video that was brought, by its name.
        splits: The split that each person was given first.
        retrains: Number of retrains.
    """

    def __init__(self, place: Workplace, database: Any) -> None:
        self.place, self.database = place, database
        self.servers = Servers(place)
        self.files: dict[str, str] = {}
        self.splits: dict[str, str] = {}
        self.retrains = 0

    @property
    def root(self) -> Path:
        return self.place.root

    def person_arrives(self, name: str, seed: int) -> None:
        """Put a video of three frames of a new person and its labels into the inbox."""
        folder = self.root / "data" / "inbox" / "rearfoot" / name
        folder.mkdir(parents=True)
        subject = make_subject(SyntheticSource(kind="synthetic", subjects=1, width=320, height=240, seed=seed), 0)
        frames = [frame for _, frame in zip(range(3), rearfoot.render(subject), strict=False)]
        write_video(folder / f"{name}_walk.mp4", (image for image, _ in frames), 25)
        header = ["video", "frame", "subject", *(f"{point}_{axis}" for point in _POINTS for axis in "xy")]
        with (folder / "labels.csv").open("w", newline="") as stream:
            table = csv.writer(stream)
            table.writerow(header)
            for number, (_, points) in enumerate(frames):
                cells = ["" if np.isnan(value) else f"{value:.2f}" for value in np.asarray(points)[:, :2].ravel()]
                table.writerow([f"{name}_walk.mp4", number, name, *cells])
        self.files[f"{name}_walk.mp4"] = md5(folder / f"{name}_walk.mp4")

    def change_params(self, **paths: Any) -> None:
        """Set values of the problem's params; `train__lr` is `train.lr`."""
        path = self.root / "params.yaml"
        params = yaml.safe_load(path.read_text())
        for name, value in paths.items():
            *sections, last = name.split("__")
            section = params["rearfoot"]
            for key in sections:
                section = section[key]
            section[last] = value
        path.write_text(yaml.safe_dump(params, sort_keys=False))

    def retrain(self, *, fails: str = "", **environment: str) -> None:
        """Retrain by hand; where it has to fail, its message must say so."""
        self.retrains += 1
        done = self.place.heelstrike("retrain", "rearfoot", check=False, **environment)
        assert (done.returncode != 0) == bool(fails)
        assert fails in " ".join((done.stdout + done.stderr).split())
        assert "Traceback" not in done.stdout + done.stderr
        self.nobody_moves()

    @contextmanager
    def scheduled(self, deployment: str = "weekly-rearfoot") -> Iterator[None]:
        """Retrain by the worker; the block breaks what it likes while the stages run, and the retrain ends well."""
        self.retrains += 1
        before = len(self.servers.states())
        log = self.root / ".work" / "rearfoot" / "logs" / "collect.log"
        log.unlink(missing_ok=True)
        self.servers.run(deployment)
        wait_until(log.is_file, 200)
        yield
        wait_until(lambda: len(self.servers.states()) > before and not self.unfinished(), 400)
        assert self.servers.states()[0] == "COMPLETED"
        self.nobody_moves()

    def unfinished(self) -> list[str]:
        return [state for state in self.servers.states() if state in ("RUNNING", "PENDING", "CANCELLING")]

    def nobody_moves(self) -> None:
        """No person is ever moved to another split."""
        path = self.root / "data" / "rearfoot" / "subjects.csv"
        if path.is_file():
            with path.open(newline="") as stream:
                now = {row["subject"]: row["split"] for row in csv.DictReader(stream)}
            assert {name: self.splits.get(name, split) for name, split in now.items()} == now
            self.splits |= now

    def champion(self) -> int | None:
        with open_registry(self.root, "rearfoot") as registry:
            return registry.aliases().get("champion")


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


@pytest.fixture
def season(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Season]:
    place = make_workplace(tmp_path / "all" / "repository")
    schedule = place.root / "prefect.yaml"
    for often, seldom in _QUIET_SCHEDULE.items():
        schedule.write_text(schedule.read_text().replace(often, seldom))
    with postgresql() as database:
        database.psql("CREATE DATABASE mlflow; CREATE DATABASE restored;")
        place.environment |= {
            "MLFLOW_TRACKING_URI": database.get_uri("mlflow"),
            "PATH": os.pathsep.join([str(Path(shutil.which("heelstrike") or "").parent), str(database.bin_path)])
            + os.pathsep
            + os.environ["PATH"],
        }
        for name in ("MLFLOW_TRACKING_URI", "HEELSTRIKE_CACHE"):  # of this process, which looks at the registry
            monkeypatch.setenv(name, place.environment[name])
        season = Season(place, database)
        source = {"kind": "synthetic", "generator": "rearfoot", "subjects": 12, "frames_per_subject": 2}
        source |= {"width": 320, "height": 240, "seed": 3}
        season.change_params(
            collect__sources=[source, {"kind": "csv", "labels": "**/labels.csv"}],
            split={"val": 0.2, "test": 0.4, "seed": 1},
            search={"trials": 0},
            train__lr=1e-6,  # the first champion has learned nothing, so that a later candidate can be better
            gates={"approval": "required", "confidence": 0.51, "screen": None},
            evaluate={"bootstrap": 100, "sheet_images": 1},
        )
        season.servers.start_server()
        place.heelstrike("deploy")  # writes prefect.yaml
        identity = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
        place.run("git", *identity, "commit", "-qam", "A quiet schedule")
        season.servers.start_worker()
        yield season
        season.servers.end()


def test_a_season(season: Season, tmp_path: Path) -> None:
    place, servers, root = season.place, season.servers, season.root

    with season.scheduled():  # 1: the server restarts, and the worker is killed
        servers.kill("server")
        servers.start_server()
        servers.kill("worker")
    servers.start_worker()
    assert "rearfoot/1" in place.heelstrike("approvals").stdout

    season.person_arrives(GUEST, 101)
    season.person_arrives("ben", 102)
    with season.scheduled("new-data-rearfoot"):  # 2: new people
        pass
    place.heelstrike("approve", "rearfoot/2", "--why", "looked at all frames", HEELSTRIKE_USER="ada")
    assert season.champion() == 2

    season.change_params(gates={"confidence": 0.51, "screen": None})
    bad = root / "data" / "inbox" / "rearfoot" / "bad"
    bad.mkdir()
    (bad / "labels.csv").write_text("video,frame,subject\nnobody.mp4,zero,eve\n")
    (bad / "walk.mp4").write_bytes(b"no video")
    season.retrain()  # 3: a bad batch stays in the inbox, with the reason beside it
    assert list(bad.glob(f"*{REASON_SUFFIX}"))
    shutil.rmtree(bad)

    kill_postgresql(season.database)
    season.retrain(fails="docs/stores.md")  # 4: MLflow's database is away
    season.database.ensure_postgres_running()

    season.change_params(train__lr=0.004, train__steps=[{"heads": ["box", "keypoints"], "epochs": 12}])
    full = {"FAULT": "pipeline.train.fit|write_aside|before|3|ENOSPC", "FAULT_MARK": str(tmp_path / "full")}
    season.retrain(fails="No space left", PYTHONPATH=f"{_INJECT}{os.pathsep}{root}", **full)  # 5: the disk is full
    assert (tmp_path / "full").exists()
    season.retrain()  # 6: and goes on
    assert season.champion() == 3

    season.person_arrives("carl", 103)
    with season.scheduled("new-data-rearfoot"):  # 7: the server restarts again
        servers.kill("server")
        servers.start_server()

    before = champions(history(root, "rearfoot"))
    place.heelstrike("rollback", "rearfoot")
    assert season.champion() == before[-2]
    season.retrain()  # 8: what was rolled back does not come again
    assert season.champion() != before[-1]

    with open_registry(root, "rearfoot") as registry:
        registry.client.set_model_version_tag("rearfoot", "2", "worst", f"{GUEST}: 9 px")
    digests = {season.files.pop(f"{GUEST}_walk.mp4")}
    assert scan(root, NAMES, digests)  # positive control: before, the scan does find the person
    assert named_in_registry(root)
    place.heelstrike("forget", GUEST, "--yes")
    del season.splits[GUEST]
    season.person_arrives("dora", 104)
    season.retrain()  # 9: without the person, and with another one
    assert scan(root, NAMES, digests) == []
    assert not named_in_registry(root)

    with season.scheduled():  # 10: nothing special, for once
        pass

    place.heelstrike("backup", str(tmp_path / "backup"))
    restored_uri = season.database.get_uri("restored")
    environment = {"HEELSTRIKE_RESTORE_DATABASE": restored_uri}
    place.heelstrike("restore", str(tmp_path / "backup"), "--into", str(tmp_path / "restored"), **environment)
    moved = {"MLFLOW_TRACKING_URI": restored_uri, "PYTHONPATH": str(tmp_path / "restored")}
    moved["HEELSTRIKE_CACHE"] = str(tmp_path / "other-cache")
    restored = Workplace(tmp_path / "restored", place.environment | moved)
    season.retrains += 1
    restored.heelstrike("retrain", "rearfoot")  # 11: a restored checkout has nothing to do
    assert predicted(place, tmp_path / "one") == predicted(restored, tmp_path / "two")

    with season.scheduled():  # 12: nothing new
        pass
    assert season.retrains == 12
    all_agrees(season)


def named_in_registry(root: Path) -> list[str]:
    with open_registry(root, "rearfoot") as registry:
        return [one.place for one in texts_of(registry) if words_of(NAMES).search(one.text)]


def predicted(place: Workplace, out: Path) -> dict[str, bytes]:
    """Results of the champion on the same video, from one file to its bytes."""
    video = next((place.root / "data" / "raw" / "rearfoot").rglob("ben_walk.mp4"))
    place.heelstrike("predict", str(video), "--model", "rearfoot", "--out", str(out))
    return {path.name: path.read_bytes() for path in out.iterdir()}


def all_agrees(season: Season) -> None:
    root = season.root
    # every run has ended
    states = season.servers.states()
    assert set(states) == {"COMPLETED", "FAILED"}
    assert states.count("FAILED") == 2  # MLflow's database away, the disk full
    assert season.servers.overdue() == []
    client = open_mlflow(root)
    runs = client.search_runs([one.experiment_id for one in client.search_experiments()], max_results=1000)
    assert {run.info.status for run in runs} <= {"FINISHED", "FAILED"}
    # registry and history
    past = history(root, "rearfoot")
    assert [event.kind for event in past].count("rolled_back") == 1
    assert season.champion() == champions(past)[-1]
    with open_registry(root, "rearfoot") as registry:
        versions = [version.number for version in registry.versions()]
    assert versions == list(range(1, len(versions) + 1))
    for number in versions:
        pulled = resolve(f"rearfoot/{number}", root)
        verify(pulled.folder, read_manifest(pulled.folder))
    # the first candidate still waits, by its name
    assert "rearfoot/1" in season.place.heelstrike("approvals").stdout
    # data: nothing is lost, everything is committed and in the remote
    raw = {path.name: md5(path) for path in (root / "data" / "raw" / "rearfoot").rglob("*.mp4")}
    assert raw == season.files
    assert not [path for path in (root / "data" / "inbox" / "rearfoot").rglob("*") if path.is_file()]
    assert season.place.run("python", "-m", "dvc", "status").stdout.strip().endswith("up to date.")
    assert "in sync" in season.place.run("python", "-m", "dvc", "status", "--cloud").stdout
    changed = subprocess.run(["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True, check=True)
    assert changed.stdout == ""
    # splits: everybody who is left has one, and the one they were given first (checked after each retrain)
    with (root / "data" / "rearfoot" / "subjects.csv").open(newline="") as stream:
        assert {row["subject"]: row["split"] for row in csv.DictReader(stream)} == season.splits
    assert {"ben", "carl", "dora"} <= season.splits.keys()
    season.place.heelstrike("schedule", "check")
