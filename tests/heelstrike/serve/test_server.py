"""The real command in a process of its own: killed, started again, and given more than it can keep in memory."""

import hashlib
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.service import begin, evaluation, send, serving, until, upload

MIB = 1 << 20


def test_uploads_and_jobs_go_on_after_a_kill(tmp_path: Path, package: Path, walk: bytes) -> None:
    data, options = tmp_path / "data", ("--package", str(package))
    with serving(data, *options) as server:
        path = evaluation(server)
        upload(server, path, "first.mp4", walk)
        location = begin(server, path, "walk.mp4", len(walk), sha256=hashlib.sha256(walk).hexdigest()).headers[
            "Location"
        ]
        send(server, location, walk[:6000])
        job = server.post(f"{path}/jobs", json={"overlay": True}).headers["Location"]
        until(lambda: server.get(job).json()["job"]["state"] == "running")
        second = subprocess.run(
            [sys.executable, "-m", "heelstrike", "serve", "--data", str(data), *options], capture_output=True, text=True
        )
        assert (second.returncode, "another server uses this folder" in second.stderr) == (1, True)
        server.process.kill()
    with serving(data, *options) as server:
        offset = server.get(location).json()["offset"]
        assert offset == 6000
        assert send(server, location, walk[offset:], offset).json()["file"]["name"] == "walk.mp4"
        until(lambda: server.get(job).json()["job"]["state"] == "done")
        assert "first.mp4.overlay.mp4" in server.get(job).json()["results"]
        assert [entry.name for entry in data.rglob("*.aside")] == []
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) in (0, -signal.SIGTERM)


def refusal(tmp_path: Path, *options: str) -> str:
    """What the command says when it does not start."""
    command = [sys.executable, "-m", "heelstrike", "serve", "--data", str(tmp_path / "data"), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stderr.strip()


def test_it_is_not_open_to_the_network_without_accounts(tmp_path: Path) -> None:
    message = "Error: --host 0.0.0.0: everybody on the network could see all evaluations; add --users"
    assert refusal(tmp_path, "--host", "0.0.0.0") == message


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        message = f"Error: cannot listen on 127.0.0.1, port {port}: Address already in use; give another --port"
        assert refusal(tmp_path, "--port", str(port)).startswith(message)


def large_video(walk: bytes, size: int) -> Iterator[bytes]:
    """The pieces of a video of so many bytes: after its own content stands a box that players pass over."""
    yield walk
    rest = size - len(walk)
    yield struct.pack(">I4sQ", 1, b"free", rest)
    rest -= 16
    while rest:
        piece = min(rest, MIB)
        yield bytes(piece)
        rest -= piece


def peak_mib(process: int) -> float:
    """The most memory that a process has had."""
    line = next(line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_an_upload_of_two_gigabytes_needs_no_memory_and_survives_a_kill(
    tmp_path: Path, package: Path, walk: bytes
) -> None:
    size, data, options = 2000 * MIB, tmp_path / "data", ("--package", str(package))
    with serving(data, *options) as server:
        path = evaluation(server)
        upload(server, path, "small.mp4", walk)
        location = begin(server, path, "large.mp4", size).headers["Location"]
        before = peak_mib(server.process.pid)
        sending = threading.Thread(target=send_until_cut, args=(server, location, large_video(walk, size)))
        sending.start()
        until(lambda: server.get(location).json()["offset"] > 700 * MIB)
        peak = peak_mib(server.process.pid)
        server.process.kill()
        sending.join()
    with serving(data, *options) as server:
        offset = server.get(location).json()["offset"]
        assert 700 * MIB < offset < size
        rest = skipped(large_video(walk, size), offset)
        answer = send(server, location, rest, offset)
        assert answer.json()["file"]["bytes"] == size
        growth = max(peak - before, peak_mib(server.process.pid) - before)
        print(f"an upload of {size / MIB:.0f} MiB added {growth:.1f} MiB")
        assert growth <= 64
        ranged = server.get(f"{path}/files/large.mp4", headers={"Range": f"bytes={size - 10}-"})
        assert ranged.content == bytes(10)
    assert next(data.rglob("large.mp4")).stat().st_size == size


def send_until_cut(server, location: str, pieces: Iterator[bytes]) -> None:
    """Send bytes to a server that is killed meanwhile."""
    with pytest.raises(requests.exceptions.ConnectionError):
        send(server, location, pieces)


def skipped(pieces: Iterator[bytes], offset: int) -> Iterator[bytes]:
    """The pieces without the first bytes."""
    for piece in pieces:
        if offset < len(piece):
            yield piece[offset:]
        offset = max(offset - len(piece), 0)
