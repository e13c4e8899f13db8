"""A person who withdraws: everything of theirs is listed, then gone, and the others stay."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from flows.batches import content_hash
from flows.forget.labels import entries_about, lines_about, mentions, remove_entries
from flows.forget.removal import dvc_index
from flows.forget.scan import scan
from flows.forget.scan_servers import scan_servers
from flows.forget.traces import is_common, own_end, traces_of
from pipeline.collect.stage import run as collect
from pipeline.layout import Layout
from pipeline.params import load_params
from pipeline.registry.promote import promote
from pipeline.registry.store import open_registry
from pipeline.tracking.evidence import SOURCES
from tests.flows.conftest import run, write_params
from tests.flows.inboxes import HEADER, TOY, three_frames, version_by_hand
from tests.worlds import World, mlflow_server

__all__ = ["mlflow_server"]

PEOPLE = ("anna", "berta")


@pytest.fixture
def people(versioned: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """Two people and a version of both, with the checkout's own registry."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copy(empty_store, versioned / "mlflow.db")
    return two_people(versioned)


def two_people(versioned: Path) -> Layout:
    """Two people in one batch, with a shared table of labels and one of anna's own, and a version of both."""
    write_params(versioned, toy=TOY)
    (versioned / ".gitignore").write_text(
        "/*.txt\n.work\n.store\nmlflow.db*\nmlartifacts\n/models\n/data/toy/collect\n"
    )
    inbox = versioned / "data" / "inbox" / "toy" / "week"
    (inbox / "own").mkdir(parents=True)
    for number, name in enumerate(PEOPLE):
        three_frames(inbox / f"{name}_walk.mp4", darkest=40 * number)
    (inbox / "labels.csv").write_text(HEADER + "".join(f"{name}_walk.mp4,0,{name},10,20\n" for name in PEOPLE))
    three_frames(inbox / "own" / "anna_home.mp4", darkest=90)
    (inbox / "own" / "labels.csv").write_text(HEADER + "anna_home.mp4,1,anna,11,21\n")
    layout = Layout(versioned, "toy")
    version_by_hand(versioned, inbox.parent)
    collect(load_params(versioned / "params.yaml")["toy"], layout)
    (versioned / "data" / "toy" / "subjects.csv").write_text("subject,split\nanna,train\nberta,test\n")
    run(versioned, "git", "add", "-A")
    run(versioned, "git", "commit", "--quiet", "-m", "Splits")
    version = World(versioned, "toy").candidate(1)
    with open_registry(versioned, "toy") as registry:
        rows = [f"train,{name},0001-x/week/{name}_walk.mp4,0001-x,1" for name in PEOPLE]
        table = "\n".join(["split,subject,source,batch,images", *rows]) + "\n"
        registry.client.log_text(version.run_id, table, SOURCES)
        registry.client.log_text(version.run_id, "<p>anna</p>", "evaluation/report.html")
        registry.client.log_text(version.run_id, "<p>anna</p>", "review/version-2-against-1.html")
        registry.client.set_tag(version.run_id, "worst", "anna: 9 px")
    return layout


def test_cells_that_name_a_person_are_recognized() -> None:
    assert mentions("walk.mp4,0,anna,1", ["anna"])
    assert mentions("a/b/walk.mp4;0;x", ["walk.mp4"])
    assert not mentions("walk.mp4,0,hanna,1", ["anna"])


def test_a_person_who_is_called_by_a_number_takes_no_lines_of_others_along(people: Layout) -> None:
    lines = ["video,frame,subject,heel_x", "a.mp4,2,1,7", "b.mp4,1,2,1", "c.mp4,0,1,9"]
    assert lines_about(lines, "1", []) == [False, True, False, True]
    assert all(is_common(name, people) for name in ("1", "07", "x", "train", "toy"))
    assert not any(is_common(name, people) for name in ("anna", "s1"))


def test_a_file_that_others_have_too_names_nobody() -> None:
    assert own_end("w/anna/walk.mp4", ["w/berta/walk.mp4", "w/berta/anna.mp4"]) == "anna/walk.mp4"
    assert own_end("w/anna/walk.mp4", ["w/berta/my_walk.mp4"]) == "walk.mp4"


def test_the_images_of_a_person_leave_a_coco_file(tmp_path: Path) -> None:
    images = [{"id": number, "file_name": f"week/{name}_walk.mp4"} for number, name in enumerate(PEOPLE)]
    annotations = [{"id": number, "image_id": number % 2, "keypoints": [1, 2, 2]} for number in range(4)]
    file = tmp_path / "labels.json"
    file.write_text(json.dumps({"images": images, "annotations": annotations, "categories": []}))
    assert entries_about(file, "anna", ["anna_walk.mp4"]) == 1
    remove_entries(file, "anna", ["anna_walk.mp4"])
    left = json.loads(file.read_text())
    assert [image["file_name"] for image in left["images"]] == ["week/berta_walk.mp4"]
    assert [one["id"] for one in left["annotations"]] == [1, 3]
    file.write_text("[]")
    assert entries_about(file, "anna", ["anna_walk.mp4"]) is None


LABEL_STUDIO = [
    {"id": n, "data": {"image": f"/data/upload/{name}.png"}, "annotations": []} for n, name in enumerate(PEOPLE)
]
VIA = {f"{name}.png12": {"filename": f"{name}.png", "size": 12, "regions": []} for name in PEOPLE}
CVAT = "".join(
    f'<image id="{n}" name="week/{name}.png"><points label="heel"/></image>' for n, name in enumerate(PEOPLE)
)


@pytest.mark.parametrize(
    ("file", "text", "kept"),
    [
        ("export.json", json.dumps(LABEL_STUDIO), 1),
        ("via.json", json.dumps(VIA), 1),
        ("project.json", json.dumps({"_via_img_metadata": VIA, "_via_image_id_list": list(VIA)}), 1),
        ("cvat.xml", f"<annotations><version>1.1</version>{CVAT}</annotations>", 1),
    ],
)
def test_the_entries_of_a_person_leave_the_files_of_label_programs(
    tmp_path: Path, file: str, text: str, kept: int
) -> None:
    path, names = tmp_path / file, ["anna.png"]
    path.write_text(text)
    assert entries_about(path, "anna", names) == kept
    remove_entries(path, "anna", names)
    assert "anna" not in path.read_text()
    assert path.read_text().count("berta.png") == text.count("berta.png")
    assert entries_about(path, "anna", names) == 0


def test_a_video_leaves_cvat_with_its_tracks(tmp_path: Path) -> None:
    task = "<task><id>{0}</id><source>{1}.mp4</source></task>"
    tasks = "".join(task.format(number, name) for number, name in enumerate(PEOPLE))
    tracks = "".join(f'<track id="{n}" task_id="{n}"/>' for n in (0, 1, 0))
    (tmp_path / "a.xml").write_text(f"<annotations><meta><tasks>{tasks}</tasks></meta>{tracks}</annotations>")
    assert entries_about(tmp_path / "a.xml", "anna", ["anna.mp4"]) == 2
    remove_entries(tmp_path / "a.xml", "anna", ["anna.mp4"])
    left = (tmp_path / "a.xml").read_text()
    assert "anna" not in left
    assert left.count("<track ") == 1
    assert "berta.mp4" in left


def test_a_file_that_would_still_name_the_person_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps([*LABEL_STUDIO, {"id": 3, "data": {"image": "berta.png", "note": "after anna.png"}}]))
    assert entries_about(path, "anna", ["anna.png"]) is None
    (tmp_path / "labels.h5").write_bytes(b"\x89HDF anna.png")
    assert entries_about(tmp_path / "labels.h5", "anna", ["anna.png"]) is None
    (tmp_path / "bomb.xml").write_text('<!DOCTYPE x [<!ENTITY a "b">]><annotations/>')
    assert entries_about(tmp_path / "bomb.xml", "anna", ["anna.png"]) is None


def test_everything_is_listed_first_and_nothing_removed(people: Layout, heelstrike: Callable[..., Result]) -> None:
    done = heelstrike(people.root, "forget", "anna", "-p", "toy")
    assert done.exit_code == 0, done.output
    for text in ("week/anna_walk.mp4", "own/labels.csv", "week/labels.csv: 1 entries", "version     1 learned from"):
        assert text in done.stdout
    assert done.stdout.endswith("Nothing was removed; with --yes it is.\n")
    assert traces_of(people, "anna").images == 2
    unknown = heelstrike(people.root, "forget", "ana", "-p", "toy")
    assert unknown.exit_code == 1
    assert "toy has no person of this name; did you mean anna?" in unknown.stderr
    by_hand = next(people.raw.rglob("own")) / "labels.xml"
    by_hand.write_text("anna_walk.mp4")
    refused = heelstrike(people.root, "forget", "anna", "-p", "toy", "--yes")
    assert refused.exit_code == 1
    assert "own/labels.xml: about this person and others" in refused.stderr
    by_hand.unlink()
    assert traces_of(people, "anna").by_hand == []
    assert not (people.root / ".work" / "toy" / "withdrawal.json").exists()


def test_a_scan_finds_the_person_before_and_nothing_after(people: Layout, heelstrike: Callable[..., Result]) -> None:
    traces = traces_of(people, "anna")
    digests = {*traces.media.values(), *traces.label_files.values()}
    shutil.rmtree(people.root / "data" / "inbox")
    listed = people.root / ".work" / "toy" / "ingest.json"  # of the last ingest
    listed.parent.mkdir(parents=True, exist_ok=True)
    listed.write_text('{"accepted": ["week/anna_walk.mp4"]}')
    stores = {line.split("/")[0] for line in scan(people.root, traces.words, digests)}
    assert stores >= {".dvc", ".store", "data", "mlartifacts"}
    assert any(line.startswith("mlflow.db") for line in scan(people.root, traces.words, digests))
    assert scan(dvc_index(people.root), traces.words, digests)
    others = {path.name: content_hash(path) for path in people.raw.rglob("berta_walk.mp4")}

    done = heelstrike(people.root, "forget", "anna", "-p", "toy", "--yes")
    assert done.exit_code == 0, done.output + done.stderr
    assert "no store names the person" in done.stdout
    assert scan(people.root, traces.words, digests) == []
    assert scan(dvc_index(people.root), traces.words, digests) == []

    assert {path.name: content_hash(path) for path in people.raw.rglob("*.mp4")} == others
    assert next(people.raw.rglob("labels.csv")).read_text() == f"{HEADER}berta_walk.mp4,0,berta,10,20\n"
    assert (people.root / "data" / "toy" / "subjects.csv").read_text() == "subject,split\nberta,test\n"
    receipt = json.loads((people.root / "data" / "withdrawn.jsonl").read_text())
    assert (receipt["files"], receipt["images"], receipt["versions"]) == (2, 2, [1])
    assert "anna" not in json.dumps(receipt)
    with open_registry(people.root, "toy") as registry:
        assert registry.version(1).tags["withdrawn"].startswith("learned from a person who withdrew; receipt 20")
    assert run(people.root, "git", "status", "--porcelain", "--untracked-files=no") == ""
    pointer = next(people.raw.glob("*.dvc")).relative_to(people.root)
    assert "in sync" in run(people.root, sys.executable, "-m", "dvc", "status", "--cloud", str(pointer))


def test_on_a_server_texts_and_artifacts_are_cleaned_over_http(
    versioned: Path, mlflow_server: str, monkeypatch: pytest.MonkeyPatch, heelstrike: Callable[..., Result]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server)
    people = two_people(versioned)
    traces = traces_of(people, "anna")
    found = {line.split(" of ")[0] for line in scan_servers(people, traces.words, set())}
    assert found >= {"tag worst", f"artifact {SOURCES}", "artifact evaluation/report.html"}
    with open_registry(people.root, "toy") as registry:
        run_id = registry.version(1).run_id
        registry.client.log_param(run_id, "compared_with", "anna_walk.mp4")
    done = heelstrike(people.root, "forget", "anna", "-p", "toy", "--yes")
    assert done.exit_code == 0, done.output + done.stderr
    left = scan_servers(people, traces.words, {*traces.media.values()})
    assert left == [f"parameter compared_with of run {run_id[:8]}: names the person"]
    assert "MLflow does not let it be changed" in " ".join(done.stdout.split())
    with open_registry(people.root, "toy") as registry:
        assert registry.version(1).tags["withdrawn"].startswith("learned from")
        assert registry.client.get_run(run_id).data.tags["worst"] == "withdrawn: 9 px"


def test_a_champion_that_learned_from_the_person_is_retired_at_once_where_the_params_say_so(
    people: Layout, heelstrike: Callable[..., Result]
) -> None:
    write_params(people.root, toy=TOY | {"gates": {"withdrawn": "now"}})
    run(people.root, "git", "commit", "--quiet", "-am", "Policy")
    world = World(people.root, "toy")
    with open_registry(people.root, "toy") as registry:
        promote(people.root, world.decision(registry.version(1), None))
    done = heelstrike(people.root, "forget", "anna", "-p", "toy", "--yes")
    assert done.exit_code == 0, done.output + done.stderr
    assert "toy has no champion until a retrain promotes one" in " ".join(done.stdout.split())
    assert world.champion is None
