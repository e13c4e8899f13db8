"""Uploads in parts, and what is refused."""

import hashlib
import os
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.heelstrike.serve.conftest import LIMITS
from tests.service import begin, evaluation, send, upload
from tests.videos import write_video


def stored(data: Path) -> list[str]:
    """Names of all files below the data folder that are no records."""
    return sorted(path.name for path in (data / "evaluations").rglob("*") if path.suffix not in ("", ".json"))


def test_parts_become_a_file_with_the_same_bytes(client: TestClient, walk: bytes) -> None:
    path = evaluation(client)
    location = begin(client, path, "walk.mp4", len(walk), sha256=hashlib.sha256(walk).hexdigest()).headers["Location"]
    first = send(client, location, walk[:5000])
    assert first.json()["offset"] == 5000
    assert first.json()["upload"]["kind"] is None or first.json()["file"] is None
    assert client.get(location).json()["offset"] == 5000
    last = send(client, location, walk[5000:], 5000).json()
    assert (last["file"]["name"], last["file"]["kind"], last["file"]["frames"]) == ("walk.mp4", "video", 10)
    assert client.get(f"{path}/files/walk.mp4").content == walk
    assert client.get(location).status_code == 404


def test_a_wrong_offset_is_refused_with_the_right_one(client: TestClient, walk: bytes) -> None:
    location = begin(client, evaluation(client), "walk.mp4", len(walk)).headers["Location"]
    send(client, location, walk[:5000])
    answer = send(client, location, walk, 0)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (409, "5000")


def test_ranges(client: TestClient, walk: bytes) -> None:
    path = evaluation(client)
    upload(client, path, "walk.mp4", walk)
    part = client.get(f"{path}/files/walk.mp4", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, walk[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(walk)}"
    assert client.get(f"{path}/files/walk.mp4", headers={"Range": "bytes=99999999-"}).status_code == 416


def test_damaged_bytes_are_noticed_and_deleted(client: TestClient, walk: bytes, tmp_path: Path) -> None:
    path = evaluation(client)
    location = begin(client, path, "walk.mp4", len(walk), sha256="0" * 64).headers["Location"]
    answer = send(client, location, walk)
    assert answer.status_code == 422
    assert "arrived damaged" in answer.json()["error"]
    assert stored(tmp_path / "data") == []


@pytest.mark.parametrize(
    ("name", "content", "status", "message"),
    [
        ("empty.mp4", b"", 422, "empty.mp4: empty (0 bytes)"),
        ("letter.mp4", b"Dear colleague,\n" * 1000, 415, "letter.mp4: its content is no image or video"),
        ("cut.mp4", b"\0\0\0\x20ftypisom" + bytes(9000), 422, "cut.mp4: not a readable video"),
        ("photo.heic", b"\0\0\0\x20ftypheic" + bytes(9000), 415, "photo.heic: its content is no image or video"),
    ],
    ids=["empty", "text", "cut", "heic"],
)
def test_what_cannot_be_measured_is_refused(
    client: TestClient, tmp_path: Path, name: str, content: bytes, status: int, message: str
) -> None:
    answer = upload(client, evaluation(client), name, content)
    assert (answer.status_code, answer.json()["error"][: len(message)]) == (status, message)
    assert stored(tmp_path / "data") == []


def test_sound_alone_is_refused(client: TestClient, tmp_path: Path) -> None:
    import av
    import numpy as np

    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    answer = upload(client, evaluation(client), "sound.mp4", (tmp_path / "sound.mp4").read_bytes())
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("sound.mp4: holds no video")


def test_text_is_refused_before_much_of_it_is_stored(client: TestClient, tmp_path: Path) -> None:
    location = begin(client, evaluation(client), "letter.mp4", 900_000).headers["Location"]
    assert send(client, location, b"Dear colleague " * 400).status_code == 415
    assert stored(tmp_path / "data") == []


def test_limits_of_size_number_and_length(client: TestClient, tmp_path: Path, walk: bytes) -> None:
    path = evaluation(client)
    assert begin(client, path, "big.mp4", LIMITS.upload_bytes + 1).status_code == 413
    long = write_video(tmp_path / "long.mp4", frames=LIMITS.frames + 1, width=32, height=32).read_bytes()
    answer = upload(client, path, "long.mp4", long)
    assert answer.status_code == 422
    assert "has 101 frames, at most 100 are taken" in answer.json()["error"]
    answers = [upload(client, path, "walk.mp4", walk) for _ in range(LIMITS.files + 1)]
    assert [answer.status_code for answer in answers] == [200] * LIMITS.files + [409]
    assert [answer.json()["file"]["name"] for answer in answers[:3]] == ["walk.mp4", "walk (2).mp4", "walk (3).mp4"]


def test_more_bytes_than_stated_are_refused(client: TestClient, walk: bytes) -> None:
    location = begin(client, evaluation(client), "walk.mp4", 100).headers["Location"]
    assert send(client, location, walk).status_code == 413


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("../../../etc/passwd.mp4", "passwd.mp4"),
        ("..\\..\\walk.mp4", "walk.mp4"),
        ("...", "upload.mp4"),
        (".hidden.mp4", "hidden.mp4"),
        ("walk.jpg", "walk.jpg.mp4"),
        ("a\nb\x00c<d>.mp4", "a_b_c_d_.mp4"),
        ("Gänge 1 (links).MP4", "Gänge 1 (links).MP4"),
        ("x" * 400 + ".mp4", "x" * 176 + ".mp4"),
    ],
    ids=["folders", "Windows", "dots", "hidden", "suffix", "signs", "letters", "long"],
)
def test_names_stay_in_their_folder(client: TestClient, tmp_path: Path, walk: bytes, name: str, file: str) -> None:
    path = evaluation(client)
    assert upload(client, path, name, walk).json()["file"]["name"] == file
    assert stored(tmp_path / "data") == [file]
    assert client.get(f"{path}/files/{file}").content == walk


@pytest.mark.parametrize(
    "name", ["../evaluation.json", "..%2Fevaluation.json", "%2e%2e/evaluation.json", "/etc/passwd"]
)
def test_only_listed_files_are_given(client: TestClient, name: str) -> None:
    assert client.get(f"{evaluation(client)}/files/{name}").status_code == 404


def test_an_upload_is_given_up(client: TestClient, tmp_path: Path, walk: bytes) -> None:
    location = begin(client, evaluation(client), "walk.mp4", len(walk)).headers["Location"]
    send(client, location, walk[:5000])
    assert client.delete(location).status_code == 204
    assert stored(tmp_path / "data") == []


def test_an_upload_that_nobody_goes_on_with_is_deleted(client: TestClient, tmp_path: Path, walk: bytes) -> None:
    path = evaluation(client)
    old, new = (begin(client, path, "walk.mp4", len(walk)).headers["Location"] for _ in range(2))
    send(client, old, walk[:5000])
    part = next(tmp_path.rglob(f"{old.rpartition('/')[2]}.part"))
    os.utime(part, (0, 0))
    client.app.state.service.clean()  # type: ignore[attr-defined]
    assert [client.get(location).status_code for location in (old, new)] == [404, 200]


def test_a_file_stays_when_the_rest_of_its_upload_is_deleted(client: TestClient, tmp_path: Path, walk: bytes) -> None:
    """The server was killed after it had listed the file."""
    path = evaluation(client)
    location = begin(client, path, "walk.mp4", len(walk)).headers["Location"]
    send(client, location, walk[:5000])
    record = next(tmp_path.rglob(f"{location.rpartition('/')[2]}.json"))
    rest = record.read_bytes()
    send(client, location, walk[5000:], 5000)
    record.write_bytes(rest)
    assert client.delete(location).status_code == 204
    assert client.get(f"{path}/files/walk.mp4").content == walk
