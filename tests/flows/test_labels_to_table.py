"""From a point that is dragged on the labeller's page to the annotation table: browser, hand-over, ingest, collect."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from flows.ingest import Ingested, ingest
from flows.quiet_files import QUIET
from heelstrike.clock import utc_now
from heelstrike.files import file_digest
from heelstrike.serve.label.handover import hand_over
from heelstrike.serve.label.records import FrameLabels, LabelFile, Point, Revision, Target
from heelstrike.serve.records import Evaluation
from heelstrike.serve.settings import ServeSettings
from pipeline.collect import stage
from pipeline.layout import Layout
from pipeline.params import load_params
from tests.browsers import browser, serving
from tests.flows.conftest import write_params
from tests.packages import PROBLEM, make_package
from tests.service import Http, evaluation, finished, upload
from tests.videos import write_video

pytestmark = [pytest.mark.usefixtures("prefect", "listener"), pytest.mark.slow]

REARFOOT: dict[str, Any] = {
    "problem": PROBLEM.model_dump(mode="json"),
    "collect": {"sources": [{"kind": "csv", "labels": "**/labels.csv"}], "strict": True},
    "model": {"name": "spatial"},
}


def take(root: Path) -> Ingested:
    return ingest.fn("rearfoot", root=str(root))


def table(root: Path) -> pd.DataFrame:
    """The annotation table that collect makes of what was ingested."""
    layout = Layout(root, "rearfoot")
    stage.run(load_params(root / "params.yaml")["rearfoot"], layout)
    return pd.read_parquet(layout.out("collect") / "annotations.parquet").sort_values("frame", ignore_index=True)


def handed_over(client: Http, path: str) -> dict[str, Any]:
    answer = client.post(f"{path}/labels/hand-over", json={"problem": "rearfoot", "subject": "P-1", "who": "ada"})
    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    return done


def test_handing_over_while_ingests_run_loses_nothing(versioned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread hands over one frame more each time, twice: before an ingest, and somewhere in the middle of it."""
    write_params(versioned, rearfoot=REARFOOT)
    monkeypatch.setenv(QUIET, "0.3")
    folder, inbox = versioned / ".work" / "evaluation", versioned / "data" / "inbox"
    inbox.mkdir(parents=True)
    video = write_video(folder / "files" / "walk.mp4", frames=12, width=320, height=240)
    target = Target(
        problem="rearfoot",
        file=video.name,
        kind="video",
        sha256=file_digest(video),
        width=320,
        height=240,
        keypoints=PROBLEM.keypoints,
        flip_pairs=(),
    )
    record = Evaluation(id="0" * 20, name="walk", created=utc_now())
    frames, ended = dict[int, FrameLabels](), threading.Semaphore(0)

    def label() -> None:
        for frame in range(4):
            points = tuple(Point(x=50.5 + frame, y=20.0 + 10 * k, v=2) for k in range(6))
            said = Revision(number=1, based_on=0, who="ada", when=utc_now(), points=points)
            frames[frame] = FrameLabels(revisions=(said,))
            for wait_s in (0.8 * frame, 0):
                hand_over(folder, record, [LabelFile(target=target, frames=dict(frames))], inbox, "P-1", "ada")
                time.sleep(wait_s)
            for _ in range(2):  # the second one is not disturbed
                assert ended.acquire(timeout=60)

    with ThreadPoolExecutor(1) as pool:
        labelling = pool.submit(label)
        batches = []
        while not labelling.done():
            batches.append(take(versioned).batch)
            ended.release()
        labelling.result()
    while batch := take(versioned).batch:
        batches.append(batch)
    assert len([batch for batch in batches if batch]) >= 2, "ingests did run while labels were handed over"
    assert [path for path in inbox.rglob("*") if path.is_file()] == []
    found = table(versioned)
    assert found["frame"].tolist() == list(range(4))
    assert found["left_shank_x"].tolist() == [50.5 + frame for frame in range(4)]


def test_a_dragged_point_arrives_in_the_annotation_table(versioned: Path) -> None:
    write_params(versioned, rearfoot=REARFOOT)
    inbox = versioned / "data" / "inbox"
    inbox.mkdir(parents=True)
    make_package(versioned / ".work" / "package")
    settings = ServeSettings(data=versioned / ".work" / "clinic", package=versioned / ".work" / "package", inbox=inbox)
    with serving(settings) as service, browser() as chromium:
        client = Http(service)
        path = evaluation(client)
        video = write_video(versioned / ".work" / "walk.mp4", frames=12, width=320, height=240).read_bytes()
        upload(client, path, "walk.mp4", video)
        job = finished(client, path)["job"]["id"]
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{service}/label/{path.rpartition('/')[2]}/{job}/walk.mp4?frame=7")
        page.wait_for_selector("#label[data-frame='7']")
        page.fill("[data-part=who]", "ada")
        page.locator("[data-part=who]").blur()
        where = "document.getElementById('label').editor.stage.place({x: %s, y: %s})"
        box = page.locator("[data-part=canvas]").bounding_box()
        point = json.loads(page.locator("#label").get_attribute("data-points"))[2]
        for x, y, act in ((point["x"], point["y"], page.mouse.down), (140.25, 201.75, page.mouse.up)):
            left, top = page.evaluate(where % (x, y))
            page.mouse.move(box["x"] + left, box["y"] + top, steps=3)
            act()
        for key in ("6", "h", "5", "x"):
            page.keyboard.press(key)
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-part=state]:has-text('Labelled by ada')")

        page.goto(f"{service}/label")
        page.fill("input[name=subject]", "P-1")
        page.click("button:has-text('Hand over')")
        page.wait_for_selector("output:has-text('1 labels are in')")
        first = take(versioned)
        assert (first.rejected, len(first.accepted)) == ({}, 2)
        assert list(inbox.rglob("*.mp4")) == []
        (row,) = table(versioned).to_dict("records")
        assert (row["frame"], row["subject"]) == (7, "P-1")
        assert (row["left_heel_x"], row["left_heel_y"]) == pytest.approx((140.25, 201.75), abs=0.3)
        assert (row["left_heel_v"], row["right_heel_v"], row["right_ankle_v"]) == (2, 1, 0)
        assert pd.isna(row["right_ankle_x"])
        assert not [name for name in row if "labell" in name], "who and when are no slice"

        # a corrected frame and a new one: the video is not labelled twice, and the later label counts
        labels = f"{path}/jobs/{job}/labels/walk.mp4"
        points = [{"x": 50.5 + k, "y": 60.0, "v": 2} for k in range(6)]
        for frame, based_on in ((7, 1), (9, 0)):
            body = {"points": points, "based_on": based_on, "who": "grace"}
            assert client.put(f"{labels}/{frame}", json=body).status_code == 200
        for _ in range(2):  # a second hand-over before anybody ingests replaces the first
            assert handed_over(client, path)["labels"] == 2
        assert take(versioned).rejected == {}
        assert table(versioned)[["frame", "left_shank_x"]].to_numpy().tolist() == [[7, 50.5], [9, 50.5]]
        assert take(versioned) == Ingested()

        # every point absent withdraws a label
        absent = {"points": [{"v": 0}] * 6, "based_on": 1, "who": "grace"}
        assert client.put(f"{labels}/9", json=absent).status_code == 200
        handed_over(client, path)
        assert take(versioned).rejected == {}
        assert table(versioned)["frame"].tolist() == [7]
