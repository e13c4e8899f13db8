"""The service under load: clients look at pages, seek in videos, upload and measure, while the champion changes.

The server is the real command in a process of its own, on an embedded registry of this benchmark. Two of the clients
are real browsers (`serve_browsers.py`). After a third of the time another version is promoted, after two thirds it is
rolled back. The report counts uploads that were lost, jobs by how they ended, answers by status, and overlays on wrong
frames.

Examples:
    python -m benchmarks.serve
    python -m benchmarks.serve --clients 50 --seconds 300 --package models/rearfoot/package --video walk.mp4
"""

import argparse
import hashlib
import random
import shutil
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import requests

from benchmarks.serve_browsers import Seen, browse
from heelstrike.registry.database import open_mlflow
from heelstrike.registry.versions import Version
from heelstrike.video.reader import VideoReader
from pipeline.registry.promote import promote
from pipeline.registry.rollback import rollback
from tests import counters
from tests.packages import sign
from tests.service import Server, evaluation, finished, serving, until, upload
from tests.videos import write_video
from tests.worlds import World

_THINK_S = 1.0  # mean time between two requests of a client
_REFRESH_S = 20  # the default of the command
_COUNTED = 300  # frames of the video in which browsers read the numbers
_SHARES = {"page": 32, "list": 27, "range": 33, "upload": 1, "predict": 7}


@dataclass
class Log:
    """What the clients saw."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[int] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    uploads: dict[str, str] = field(default_factory=dict)
    jobs: list[str] = field(default_factory=list)


class Client:
    """One person with a browser."""

    def __init__(self, number: int, server: Server, video: bytes, picture: bytes, log: Log) -> None:
        self._random, self._log, self._video = random.Random(number), log, video
        self._server = Server(server.process, server.address)
        self._picture = picture
        self._path = evaluation(self._server, f"client {number}")
        self._add_video()

    def run(self, until_s: float) -> None:
        """Send requests until a time of `time.monotonic`."""
        while time.monotonic() < until_s:
            (kind,) = self._random.choices(list(_SHARES), list(_SHARES.values()))
            try:
                getattr(self, f"_{kind}")()
            except (requests.RequestException, AssertionError, KeyError) as error:
                self._log.errors.append(f"{kind}: {type(error).__name__}: {error}"[:200])
            time.sleep(self._random.expovariate(1 / _THINK_S))

    def _timed(self, kind: str, request: Callable[[], requests.Response]) -> requests.Response:
        start = time.perf_counter()
        answer = request()
        self._log.seconds[kind].append(time.perf_counter() - start)
        self._log.statuses[answer.status_code] += 1
        return answer

    def _page(self) -> None:
        self._timed("page", lambda: self._server.get("/", headers={"Accept": "text/html"}))

    def _list(self) -> None:
        self._timed("list", lambda: self._server.get(f"{self._path}/jobs"))

    def _range(self) -> None:
        start = self._random.randrange(len(self._video))
        headers = {"Range": f"bytes={start}-{start + (1 << 18)}"}
        answer = self._timed("range", lambda: self._server.get(f"{self._path}/files/walk.mp4", headers=headers))
        assert answer.content == self._video[start : start + (1 << 18) + 1], "other bytes than those uploaded"

    def _predict(self) -> None:
        self._timed("predict", lambda: self._server.post("/api/predict", data=self._picture))

    def _upload(self) -> None:
        self._path = evaluation(self._server)
        self._add_video()
        answer = self._timed("job", lambda: self._server.post(f"{self._path}/jobs", json={"model": "rearfoot"}))
        self._log.jobs.append(answer.headers["Location"])

    def _add_video(self) -> None:
        answer = self._timed("upload", lambda: upload(self._server, self._path, "walk.mp4", self._video))
        self._log.uploads[self._path] = answer.json()["file"]["sha256"]


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = World(folder / "repository")
        world.root.mkdir()
        open_mlflow(world.root).search_experiments()
        promote(world.root, world.decision(_register(world, arguments.package, 1), None))
        second = _register(world, arguments.package, 2)
        file = arguments.video or write_video(folder / "walk.mp4", frames=20, width=320, height=240)
        video, picture = file.read_bytes(), _first_frame(file)
        counted = _counted(folder)
        with (
            serving(folder / "data", "--refresh", str(_REFRESH_S), root=world.root) as server,
            ThreadPoolExecutor(arguments.clients) as pool,
        ):
            until(lambda: server.get("/api/ready").ok)
            real, log = _measured(server, video), Log()
            people = arguments.clients - arguments.browsers
            clients = [Client(number, server, video, picture, log) for number in range(people)]
            end = time.monotonic() + arguments.seconds
            running = [pool.submit(client.run, end) for client in clients]
            numbers = range(arguments.browsers)
            browsers = [pool.submit(browse, server.address, counted, real, number, end) for number in numbers]
            time.sleep(arguments.seconds / 3)
            promote(world.root, world.decision(second, 1))
            arrivals = {"promotion": _arrival(server, 2)}
            time.sleep(max(0.0, end - arguments.seconds / 3 - time.monotonic()))
            rollback("rearfoot", world.root)
            arrivals["rollback"] = _arrival(server, 1)
            for client in running:
                client.result()
            _report_browsers(browsers)
            _report(server, hashlib.sha256(video).hexdigest(), log, arrivals)


def _counted(folder: Path) -> tuple[str, int]:
    """Put a video that shows the numbers of its frames, with its result, into the data folder; return its page."""
    times = [Fraction(1001 * i, 30_000) for i in range(_COUNTED)]
    video = counters.write_counted(folder / "counted.mp4", times)
    with VideoReader(video) as reader:
        stamps = [frame.time_s for frame in reader.frames()]
    path = counters.store_counted(folder / "data", "counted", video, stamps, counters.WIDTH, counters.HEIGHT)
    return path, _COUNTED


def _measured(server: Server, video: bytes) -> tuple[str, int]:
    """Have the video measured before anything else happens; return the page of its result."""
    path = evaluation(server, "walk of the browsers")
    upload(server, path, "walk.mp4", video)
    job = finished(server, path, model="rearfoot")["job"]
    assert job["state"] == "done", job
    frames = server.get(f"{path}/jobs/{job['id']}/results/walk.mp4.json").json()["summary"]["frames"]
    return f"/evaluations/{path.rpartition('/')[2]}/results/{job['id']}/walk.mp4", frames


def _register(world: World, package: Path | None, seed: int) -> Version:
    if package is None:
        return world.candidate(seed)
    target = world.layout.out("package")
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(package, target)
    sign(target, metrics={"seed": float(seed)})
    return world.register(seed)


def _first_frame(file: Path) -> bytes:
    with VideoReader(file) as video:
        image = next(iter(video.frames({0}))).image
    return cv2.imencode(".jpg", image[..., ::-1])[1].tobytes()


def _arrival(server: Server, number: int) -> float:
    """Return the seconds until the service uses a version as champion."""
    start = time.monotonic()

    def arrived() -> bool:
        models = server.get("/api/models").json()["models"]
        return any(model["version"] == number and "champion" in model["aliases"] for model in models)

    until(arrived, 120)
    return time.monotonic() - start


def _report(server: Server, digest: str, log: Log, arrivals: dict[str, float]) -> None:
    jobs = [until(lambda location=location: _ended(server, location), 600) for location in log.jobs]
    lost = [path for path, sent in log.uploads.items() if sent != digest or not server.get(path).json()["files"]]
    states, versions = Counter(job["state"] for job in jobs), Counter(job["reference"] for job in jobs)
    print(f"requests {log.statuses.total()}, by status {dict(log.statuses)}, errors {len(log.errors)} {log.errors[:3]}")
    for kind, seconds in sorted(log.seconds.items()):
        median, late = statistics.median(seconds), np.quantile(seconds, 0.95)
        print(f"{kind:8} {len(seconds):6} requests  median {1000 * median:6.0f} ms  95 % {1000 * late:6.0f} ms")
    print(f"uploads {len(log.uploads)}, lost {len(lost)}; jobs {dict(states)}, measured by {dict(versions)}")
    print(", ".join(f"{what} arrived after {seconds:.1f} s" for what, seconds in arrivals.items()))


def _report_browsers(browsers: list[Future[Seen]]) -> None:
    for number, seen in enumerate(browser.result() for browser in browsers):
        print(f"browser {number}: answers {dict(seen.statuses)}, wrong overlays {len(seen.wrong)} {seen.wrong[:3]}")
        print(f"browser {number}: errors {len(seen.errors)} {seen.errors[:3]}")
        for kind, milliseconds in sorted(seen.milliseconds.items()):
            median, late = np.quantile(milliseconds, [0.5, 0.95])
            print(f"  {kind:28} {len(milliseconds):5}  median {median:6.0f} ms  95 % {late:6.0f} ms")


def _ended(server: Server, location: str) -> dict[str, Any] | None:
    job: dict[str, Any] = server.get(location).json()["job"]
    return None if job["state"] in ("queued", "running") else job


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--browsers", type=int, default=2, help="how many of the clients are real browsers")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--package", type=Path, help="package to serve; by default a tiny one for tests")
    parser.add_argument("--video", type=Path, help="video that is uploaded; by default 20 small frames")
    return parser.parse_args()


if __name__ == "__main__":
    main()
