"""Videos as cameras, recorders and editors write them: the right frames, or a message that leads on."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from heelstrike.errors import UserError
from heelstrike.video.reader import VideoReader
from tests import videos


def read(path: Path) -> list[np.ndarray]:
    with VideoReader(path) as reader:
        return [frame.image for frame in reader.frames()]


def write(
    path: Path,
    images: Iterable[np.ndarray],
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    aspect: Fraction | None = None,
    format: str = "yuv420p",
) -> Path:
    images = list(images)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options or {})
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = format
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def without_first(path: Path, cut: Path, count: int) -> Path:
    """Copy the packets of a video except for the first."""
    with av.open(str(path)) as source, av.open(str(cut), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(source.streams.video[0])):
            if packet.size and number >= count:
                packet.stream = stream
                target.mux(packet)
    return cut


def bar(at: int) -> np.ndarray:
    """A bright bar that begins at a column."""
    image = np.full((64, 128, 3), 40, np.uint8)
    image[8:56, at : at + 12] = 220
    return image


def woven(number: int) -> np.ndarray:
    """A bar that moves by six pixels from the upper to the lower field."""
    image = bar(10 + 12 * number % 90)
    image[1::2] = bar(16 + 12 * number % 90)[1::2]
    return image


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mpg", "a.avi", "a.ts"])
@pytest.mark.parametrize(
    ("aspect", "square"), [("4/3", False), ("16/15", False), ("10/11", False), ("1280/1281", True)]
)
def test_pixels_that_are_not_square_are_refused(tmp_path: Path, name: str, aspect: str, square: bool) -> None:
    codec = {"a.mpg": "mpeg2video", "a.avi": "mpeg4"}.get(name, "libx264")
    if codec == "mpeg2video" and aspect != "4/3":
        pytest.skip("MPEG-2 states the aspect of the picture by one of a few")
    path = write(tmp_path / name, [bar(9)] * 5, codec, aspect=Fraction(aspect))
    if square:
        assert len(read(path)) == 5
        return
    with pytest.raises(UserError, match=r"pixels are not square .*ffmpeg -i IN -vf scale=iw\*sar:ih,setsar=1"):
        VideoReader(path)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "libx264", {"x264-params": "tff=1"}),
        ("a.ts", "libx264", {"flags": "+ilme+ildct"}),
        ("a.mpg", "mpeg2video", {"flags": "+ilme+ildct"}),
        ("a.avi", "mpeg4", {"flags": "+ilme+ildct"}),
    ],
)
def test_marked_interlaced_video_is_deinterlaced_frame_by_frame(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    path = write(tmp_path / name, [woven(n) for n in range(12)], codec, {"qscale": "2"} | options)
    with VideoReader(path) as reader:
        frames = list(reader.frames())
        assert reader.decoded == 12
    assert [frame.number for frame in frames] == list(range(12))
    np.testing.assert_allclose(np.diff([frame.time_s for frame in frames]), 0.04, atol=1e-3)
    for frame in frames:
        lines = frame.image[12:52, :, 1].astype(int)
        assert np.abs(lines[1:] - lines[:-1]).mean() < 1.5, "a woven frame has 10"
    with VideoReader(path) as reader:
        wanted = {frame.number: frame.image for frame in reader.frames({3, 7})}
    for number in (3, 7):  # training, which wants some frames, has the pixels of prediction
        np.testing.assert_array_equal(wanted[number], frames[number].image)


def test_interlaced_video_without_a_mark_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", [woven(n) for n in range(5)], options={"crf": "10"})
    with pytest.raises(UserError, match=r"a\.mp4: is interlaced \(frame 1 has combs\).*bwdif=mode=send_frame"):
        read(path)
    late = write(tmp_path / "late.mp4", [*[bar(9)] * 16, *(woven(n) for n in range(5))], options={"crf": "10"})
    with pytest.raises(UserError, match=r"frame 17 has combs"), VideoReader(late) as reader:
        reader.count()


@pytest.mark.parametrize("motion", ["bar", "stripes", "noise", "text"])
def test_progressive_video_is_not_taken_for_interlaced(tmp_path: Path, motion: str) -> None:
    random = np.random.default_rng(0)
    lines = np.arange(64)[:, None, None] % 4 // 2 * 150 + np.zeros((64, 128, 3))
    images: dict[str, Callable[[int], np.ndarray]] = {
        "bar": lambda n: bar(10 + 9 * n),
        "stripes": lambda n: np.roll(lines, n, axis=0).astype(np.uint8),
        "noise": lambda n: random.integers(0, 256, (64, 128, 3), np.uint8),
        "text": lambda n: np.roll(255 * (random.random((64, 128, 1)) > 0.8) * np.ones(3), n, axis=0).astype(np.uint8),
    }
    write(tmp_path / "a.mp4", [images[motion](n) for n in range(4)], options={"crf": "5"})
    assert len(read(tmp_path / "a.mp4")) == 4


@pytest.mark.parametrize("suffix", ["ts", "mkv"])
@pytest.mark.parametrize(
    ("options", "skipped", "missing"),
    [
        ({"x264-params": "keyint=12:min-keyint=12:scenecut=0:bframes=0"}, 5, 7),
        ({"x264-params": "open-gop=1:keyint=12:bframes=2:b-adapt=0:scenecut=0"}, 10, 2),
    ],
)
def test_a_start_that_is_cut_off_says_how_much(
    tmp_path: Path, suffix: str, options: dict[str, str], skipped: int, missing: int
) -> None:
    whole = videos.write_video(tmp_path / f"whole.{suffix}", frames=30, options=options)
    assert len(read(whole)) == 30
    cut = without_first(whole, tmp_path / f"cut.{suffix}", skipped)
    seconds = f"{missing / 25:.2f} s"
    with pytest.raises(UserError, match=rf"start is cut off: {missing} frames \({seconds}\) before the first complete"):
        read(cut)


def test_an_avi_with_dropped_frames_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    numbers = [n for n in range(30) if n not in (5, 6, 20)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25, options={"bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number in numbers:
            frame = av.VideoFrame.from_ndarray(videos.picture(number), format="rgb24")
            frame.pts = number  # the writer fills gaps with empty chunks, as recorders do
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with VideoReader(path) as reader:
        frames = list(reader.frames())
    assert [videos.number_of(frame.image) for frame in frames] == numbers
    np.testing.assert_allclose([frame.time_s for frame in frames], np.array(numbers) / 25)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.8)])
    with pytest.raises(UserError, match="truncated"):
        read(path)


def with_cover(path: Path, disposition: "av.stream.Disposition | None", first: bool) -> Path:
    """A film of twelve frames with a picture as another video stream."""
    with av.open(str(path), "w") as container:

        def picture() -> "av.VideoStream":
            stream = container.add_stream("mjpeg", rate=25)
            stream.width, stream.height, stream.pix_fmt = 32, 32, "yuvj420p"
            if disposition is not None:
                stream.disposition = disposition
            return stream

        cover = picture() if first else None
        film = container.add_stream("libx264", rate=25)
        film.width, film.height, film.pix_fmt = 96, 64, "yuv420p"
        cover = cover or picture()
        image = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 99, np.uint8), format="rgb24")
        container.mux(cover.encode(image))
        for number in range(12):
            container.mux(film.encode(av.VideoFrame.from_ndarray(videos.picture(number), format="rgb24")))
        for stream in (cover, film):
            container.mux(stream.encode())
    return path


@pytest.mark.parametrize("disposition", [av.stream.Disposition.attached_pic, None])
@pytest.mark.parametrize("first", [True, False])
def test_a_cover_is_not_the_video(tmp_path: Path, disposition: "av.stream.Disposition | None", first: bool) -> None:
    path = with_cover(tmp_path / "a.mp4", disposition, first)
    assert [videos.number_of(image) for image in read(path)] == list(range(12))


def test_of_several_videos_none_is_guessed(tmp_path: Path) -> None:
    path = tmp_path / "two.ts"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("libx264", rate=25) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number in range(5):
            for stream in streams:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(videos.picture(number), format="rgb24")))
        for stream in streams:
            container.mux(stream.encode())
    with pytest.raises(UserError, match=r"holds 2 videos, the streams 0 and 1; keep one with `ffmpeg .* -map 0:0 "):
        VideoReader(path)


@pytest.mark.parametrize(
    "text",
    [
        "ffconcat version 1.0\nfile other.mp4\nfile other.mp4\n",
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\nother.mp4\n#EXT-X-ENDLIST\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet><Representation id="1" '
        'bandwidth="1"><BaseURL>other.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>',
    ],
)
@pytest.mark.parametrize("name", ["list.mp4", "list.ts", "list.mkv"])
def test_a_list_of_other_files_reads_none_of_them(tmp_path: Path, text: str, name: str) -> None:
    videos.write_video(tmp_path / "other.mp4", frames=5)
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=r"list\.\w+: (holds no video|not a readable video)"):
        VideoReader(tmp_path / name)


def test_a_name_is_no_protocol_and_no_pattern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("concat:a.mp4", "walk%03d.mp4", "-i.mp4", "http:x.mp4"):
        videos.write_video(tmp_path / "plain.mp4", frames=3).rename(name)
        assert len(read(Path(name))) == 3


def test_animations_and_pictures_are_no_videos(tmp_path: Path) -> None:
    picture = Image.fromarray(videos.picture(1))
    for format in ("GIF", "PNG", "JPEG", "WEBP"):
        picture.save(tmp_path / "a.mp4", format=format)
        with pytest.raises(UserError, match=r"a\.mp4: (holds no video|not a readable video)"):
            VideoReader(tmp_path / "a.mp4")


def test_an_odd_turn_is_refused(tmp_path: Path) -> None:
    path = videos.write_video(tmp_path / "a.mp4", frames=3, rotation=30)
    with pytest.raises(UserError, match=r"a\.mp4: is to be displayed turned by 30 degrees"):
        read(path)


def test_a_change_of_size_is_refused(tmp_path: Path) -> None:
    for name, width in (("a.h264", 96), ("b.h264", 128)):
        videos.write_video(tmp_path / name, frames=10, width=width)
    (tmp_path / "both.ts").write_bytes((tmp_path / "a.h264").read_bytes() + (tmp_path / "b.h264").read_bytes())
    with pytest.raises(UserError, match="pictures change from 96x64 to 128x64 pixels"):
        read(tmp_path / "both.ts")


@pytest.mark.parametrize(
    ("codec", "format"),
    [
        ("libx264", "yuv422p"),
        ("libx264", "yuv420p10le"),
        ("libx264", "gray"),
        ("libx264rgb", "rgb24"),
        ("ffv1", "yuva420p"),
        ("ffv1", "bgra"),
        ("ffv1", "gray16le"),
    ],
)
def test_formats_of_pixels(tmp_path: Path, codec: str, format: str) -> None:
    images = [videos.picture(n) for n in range(5)]
    assert [videos.number_of(image) for image in read(write(tmp_path / "a.mkv", images, codec, format=format))] == [
        *range(5)
    ]
