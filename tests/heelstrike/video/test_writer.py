from pathlib import Path

import av
import numpy as np
import pytest

from heelstrike.errors import UserError
from heelstrike.video.writer import Codec, VideoWriter, write_video


def frames(count: int = 12) -> list[np.ndarray]:
    grain = np.random.default_rng(0).integers(0, 60, (64, 96, 3), dtype=np.uint8)
    return [np.roll(grain, 3 * n, axis=1) + np.uint8(10 * n) for n in range(count)]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_frames_come_back_in_number_order_and_rate(tmp_path: Path, codec: Codec) -> None:
    with VideoWriter(tmp_path / "a.mp4", 29.97, quality=5, codec=codec) as video:
        for frame in frames():
            video.add(frame)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == codec
        assert stream.average_rate is not None
        assert float(stream.average_rate) == pytest.approx(29.97, abs=1e-3)
        decoded = [f.to_ndarray(format="rgb24") for f in container.decode(stream)]
    assert len(decoded) == 12
    for expected, found in zip(frames(), decoded, strict=True):
        assert abs(float(expected.mean()) - float(found.mean())) < 2


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_the_same_frames_give_the_same_bytes(tmp_path: Path, codec: Codec) -> None:
    for name in ("a.mp4", "b.mp4"):
        with VideoWriter(tmp_path / name, 30, codec=codec) as video:
            for frame in frames():
                video.add(frame)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), VideoWriter(path, 30) as video:
        video.add(frames()[0])
        raise RuntimeError
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([], "without any frame"),
        ([(64, 95)], "95x64; H.264 needs an even width and height"),
        ([(64, 96), (64, 64)], "a frame of 64x64 in a video of 96x64"),
    ],
)
def test_bad_frames_are_named(tmp_path: Path, shapes: list[tuple[int, int]], message: str) -> None:
    with pytest.raises(UserError, match=message):
        write_video(tmp_path / "a.mp4", [np.zeros((*shape, 3), np.uint8) for shape in shapes], fps=30)
    assert list(tmp_path.iterdir()) == []
