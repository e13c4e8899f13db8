import re
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from heelstrike.errors import UserError
from heelstrike.video.reader import VideoReader


def read(path: Path, **kwargs):
    with VideoReader(path) as reader:
        return list(reader.frames(**kwargs))


def cut(path: Path, share: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def frames_before(path: Path, offset: int) -> int:
    """Packets that end before a byte of the file."""
    with av.open(str(path)) as container:
        return sum(p.pos + p.size <= offset for p in container.demux(container.streams.video[0]) if p.size)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "libx264"),
        ("a.mov", "libx264"),
        ("a.mkv", "libx264"),
        ("a.avi", "libx264"),
        ("a.avi", "mpeg4"),
        ("a.mkv", "ffv1"),
        ("a.webm", "libvpx"),
    ],
)
def test_numbers_follow_presentation_order(tmp_path, videos, name, codec):
    path = videos.write_video(tmp_path / name, frames=40, codec=codec)
    frames = read(path)
    assert [f.number for f in frames] == list(range(40))
    assert [videos.number_of(f.image) for f in frames] == list(range(40))
    steps = np.diff([f.time_s for f in frames])
    np.testing.assert_allclose(steps, 0.04, atol=1e-3)


def test_b_frames_are_put_in_order(tmp_path, videos):
    path = videos.write_video(
        tmp_path / "b.mp4", frames=40, options={"x264-params": "bframes=3:b-adapt=0:scenecut=0:keyint=40"}
    )
    with av.open(str(path)) as container:
        order = [p.pts for p in container.demux(container.streams.video[0]) if p.size]
    assert order != sorted(order), "the file should store frames out of presentation order"
    assert [videos.number_of(f.image) for f in read(path)] == list(range(40))


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv"])
def test_variable_frame_rate_keeps_time_stamps(tmp_path, videos, name):
    times = np.cumsum([0, *np.random.default_rng(1).integers(10, 120, 24)]).tolist()
    frames = read(videos.write_video(tmp_path / name, frames=25, times=times))
    assert [videos.number_of(f.image) for f in frames] == list(range(25))
    np.testing.assert_allclose([f.time_s for f in frames], np.array(times) / 1000, atol=1.5e-3)


@pytest.mark.parametrize(("degrees", "turns"), [(90, 1), (-90, 3), (180, 2)])
def test_rotation_metadata_is_applied(tmp_path, videos, degrees, turns):
    shown = read(videos.write_video(tmp_path / "turned.mp4", rotation=degrees))[19].image
    assert shown.shape == ((96, 64, 3) if turns % 2 else (64, 96, 3))
    stored = np.rot90(shown, -turns)
    assert videos.number_of(stored) == 19
    red = stored[20:28, 4:12].astype(int)
    assert np.mean(red[..., 0] - red[..., 1]) > 60


def test_mirrored_video(tmp_path, videos):
    path = tmp_path / "mirror.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        one = 1 << 16
        stream.set_display_matrix([-one, 0, 0, 0, one, 0, 0, 0, 1 << 30])
        container.mux(stream.encode(av.VideoFrame.from_ndarray(videos.picture(5), format="rgb24")))
        container.mux(stream.encode())
    image = read(path)[0].image
    assert videos.number_of(image) != 5
    assert videos.number_of(image[:, ::-1]) == 5


def test_only_wanted_frames_are_yielded(tmp_path, videos):
    path = videos.write_video(tmp_path / "a.mp4", frames=40)
    frames = read(path, wanted={0, 7, 31})
    assert [videos.number_of(f.image) for f in frames] == [0, 7, 31] == [f.number for f in frames]
    with VideoReader(path) as reader:
        assert [frame.number for frame in reader.frames({39, 55})] == [39]
        assert reader.decoded == 40
        assert reader.declared_frames == 40
        assert reader.rate == Fraction(25)


def test_count(tmp_path, videos):
    with VideoReader(videos.write_video(tmp_path / "a.mkv", frames=17)) as reader:
        assert reader.count() == 17


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("t.mp4", "libx264", {"movflags": "faststart"}),
        ("t.mp4", "mpeg4", {"movflags": "faststart"}),
        ("t.mkv", "libx264", {}),
        ("t.avi", "mpeg4", {}),
        ("t.avi", "libx264", {}),
        ("t.mov", "libx264", {"movflags": "faststart"}),
    ],
)
@pytest.mark.parametrize("share", [0.4, 0.7, 0.95])
def test_truncated_video_names_its_last_good_frame(tmp_path, videos, name, codec, options, share):
    fast = {"preset": "ultrafast", "bf": "2"} if codec == "libx264" else {}
    path = videos.write_video(
        tmp_path / name, 60, codec=codec, width=192, height=128, options=fast, container_options=options
    )
    assert len(read(path)) == 60
    whole = frames_before(path, int(path.stat().st_size * share))
    cut(path, share)
    good = []
    reader = VideoReader(path)
    with reader, pytest.raises(UserError, match=r"t\.\w+: truncated or damaged .*last good frame is (\d+)") as caught:
        for frame in reader.frames():
            assert videos.number_of(frame.image) == frame.number
            good.append(frame.number)
    last_good = int(re.search(r"last good frame is (\d+)", str(caught.value)).group(1))
    assert good == list(range(len(good)))
    assert len(good) <= last_good + 1
    assert whole - 4 <= last_good < whole


def test_truncation_is_seen_behind_the_last_wanted_frame(tmp_path, videos):
    path = videos.write_video(tmp_path / "t.mp4", frames=60, container_options={"movflags": "faststart"})
    cut(path, 0.8)
    with pytest.raises(UserError, match="truncated"):
        read(path, wanted={3})


def test_truncated_before_the_index(tmp_path, videos):
    path = cut(videos.write_video(tmp_path / "t.mp4", frames=60), 0.7)
    with pytest.raises(UserError, match=r"t\.mp4: not a readable video .*truncated before its index"):
        read(path)


def test_damage_in_the_middle(tmp_path, videos):
    path = videos.write_video(tmp_path / "d.mp4", frames=60, options={"g": "60", "bf": "0"}, width=320, height=240)
    data = bytearray(path.read_bytes())
    middle = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 2
    data[middle : middle + 600] = bytes(600)
    path.write_bytes(bytes(data))
    with pytest.raises(UserError, match=r"d\.mp4: truncated or damaged"):
        read(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"x\.mp4: empty \(0 bytes\)"),
        (b"not a video at all\n" * 50, r"x\.mp4: (not a readable video|holds no video)"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), r"x\.mp4: (not a readable video|holds no video)"),
    ],
)
def test_no_video(tmp_path, content, message):
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        read(path)


def test_missing_video(tmp_path):
    with pytest.raises(UserError, match="no such video"):
        read(tmp_path / "none.mp4")


def test_image_named_as_a_video(tmp_path, videos):
    from PIL import Image

    Image.fromarray(videos.picture(1)).save(tmp_path / "i.png")
    (tmp_path / "i.png").rename(tmp_path / "i.mp4")
    with pytest.raises(UserError, match="holds no video"):
        read(tmp_path / "i.mp4")


def test_unknown_codec(tmp_path, videos):
    path = videos.write_video(tmp_path / "odd.mp4")
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz").replace(b"avcC", b"zzzC"))
    with pytest.raises(UserError, match=r"odd\.mp4: its codec is not known .*ffmpeg -i"):
        read(path)


def test_audio_only(tmp_path):
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), dtype=np.float32), format="fltp", layout="mono")
        frame.rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(UserError, match="holds no video"):
        read(path)


def test_real_video(datasets):
    path = datasets / "mirror-mouse" / "videos" / "test_vid.mp4"
    with VideoReader(path) as reader:
        frames = list(reader.frames({0, 500, 993}))
    assert [f.number for f in frames] == [0, 500, 993]
    assert frames[1].image.shape == (406, 396, 3)
    assert frames[1].time_s == pytest.approx(500 / 250)


def test_a_duration_that_is_no_time_is_passed_over(tmp_path, videos):
    path = videos.write_video(tmp_path / "a.mkv", frames=30)
    stated = b"00:00:01.200000000"
    assert stated in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(stated, b"a little over a second"[: len(stated)]))
    assert len(read(path)) == 30
