"""Upload, correct, retrain, a better champion: the loop that the labeller's page closes, on rendered walks."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heelstrike.results import PredictionResult, read_result
from heelstrike.video.writer import write_video
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.rearfoot import render
from pipeline.synthetic.settings import SyntheticSource
from tests.e2e.conftest import Workplace
from tests.service import Server, evaluation, finished, serving, until, upload

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

FRAMES, PATIENTS, JUDGES = 12, 24, 4
LABELS = 120
SPLIT = "split: {val: 0.2, test: 0.34, seed: 1}"  # a comparison needs at least seven test people


def walks(folder: Path, first: int, people: int) -> Iterator[tuple[Path, np.ndarray]]:
    """Render people whom the first champion has not seen; yield each video and its truth (frame, keypoint, xy)."""
    folder.mkdir()
    settings = SyntheticSource(kind="synthetic", subjects=99, width=320, height=240, seed=44)
    for number in range(first, first + people):
        subject = make_subject(settings, number, 2.0)
        frames = list(itertools.islice(render(subject), FRAMES))
        path = folder / f"walk-{number}.mp4"
        write_video(path, (image for image, _ in frames), subject.fps)
        yield path, np.array([points for _, points in frames])


def measured(server: Server, video: Path) -> dict[str, Any]:
    """Upload a video into an evaluation of its own and measure it; return its place in the API."""
    path = evaluation(server, video.stem)
    assert upload(server, path, video.name, video.read_bytes()).status_code == 200
    state = finished(server, path)
    assert state["job"]["state"] == "done", state
    return {"path": path, "id": path.rpartition("/")[2], "job": state["job"]["id"]}


def correct(server: Server, item: dict[str, Any], truth: np.ndarray) -> None:
    """Save the truth of a frame of the queue as its label, as a labeller would who sees everything."""
    labels = f"/api/evaluations/{item['evaluation']}/jobs/{item['job']}/labels/{item['file']}"
    points = [{"x": x, "y": y, "v": 2} if np.isfinite(x) else {"v": 0} for x, y in truth[item["frame"]].tolist()]
    answer = server.put(f"{labels}/{item['frame']}", json={"points": points, "who": "ada"})
    assert answer.status_code == 200, answer.text


def error_of(workplace: Workplace, version: str, videos: dict[Path, np.ndarray], out: Path) -> float:
    """Mean distance of the points of a version from the truth of all videos of a folder, pixels, found or not."""
    far = []
    folder = next(iter(videos)).parent
    workplace.heelstrike("predict", str(folder), "--model", version, "--out", str(out / version))
    for video, truth in videos.items():
        result = read_result(out / version / f"{video.name}.json")
        assert isinstance(result, PredictionResult)
        points = np.array([frame.keypoints for frame in result.frames], float)
        far.append(np.linalg.norm(points - truth, axis=2).ravel())
    return float(np.nanmean(np.concatenate(far)))


def test_corrected_frames_make_a_better_champion(
    copy: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in copy.environment.items():
        monkeypatch.setenv(name, value)
    params = copy.root / "params.yaml"
    params.write_text(params.read_text().replace("split: {val: 0.25, test: 0.25, seed: 1}", SPLIT))
    assert SPLIT in params.read_text()
    inbox = copy.root / "data" / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    patients = dict(walks(tmp_path / "patients", 0, PATIENTS))
    judges = dict(walks(tmp_path / "judges", PATIENTS, JUDGES))
    truth = {video.name: points for video, points in patients.items()}
    (tmp_path / "clinic").mkdir()
    with serving(tmp_path / "clinic" / "data", "--inbox", str(inbox), root=copy.root) as server:
        until(lambda: server.get("/api/ready").ok)  # the champion was fetched
        places = [measured(server, video) for video in patients]
        queue = server.get("/api/labels/queue", params={"problem": "rearfoot", "count": LABELS}).json()
        assert queue["frames"] == FRAMES * PATIENTS
        assert {item["by"] for item in queue["items"]} > {"random"}
        for item in queue["items"]:
            correct(server, item, truth[item["file"]])
        labelled = {item["evaluation"] for item in queue["items"]}
        for number, place in enumerate(places):
            if place["id"] not in labelled:
                continue
            body = {"problem": "rearfoot", "subject": f"patient-{number}", "who": "ada"}
            answer = server.post(f"{place['path']}/labels/hand-over", json=body)
            assert answer.status_code == 200, answer.text
    copy.heelstrike("ingest", "--problem", "rearfoot")
    assert list(inbox.rglob("*.mp4")) == []
    done = copy.heelstrike("retrain", "rearfoot").stdout
    summary = json.loads((copy.root / "data" / "rearfoot" / "collect" / "summary.json").read_text())
    assert summary["instances"] >= 32 + len(queue["items"]) - 5, "frames in which nothing can be seen are no instances"
    assert "version 2 promoted" in done
    before, after = (error_of(copy, f"rearfoot/{number}", judges, tmp_path / "judged") for number in (1, 2))
    print(f"{len(queue['items'])} labels: {before:.2f} px before, {after:.2f} px after, on {JUDGES} other people")
    assert after < 0.9 * before
