"""Many images are spread over the workers of an engine: the same bytes, the same errors, whole videos."""

from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from heelstrike.errors import UserError
from heelstrike.preprocess.settings import Filter, InputSize
from heelstrike.progress import progress
from pipeline.layout import Layout
from pipeline.prepare import arrays
from pipeline.prepare.arrays import write_images

SIZE, SIDE = InputSize(width=48, height=32), 48
VIDEOS, FRAMES = 9, 8


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Short videos, and their frames as collect writes them."""
    made = Layout(tmp_path, "tiny")
    (made.out("collect") / "images").mkdir(parents=True)
    made.raw.mkdir(parents=True)
    for video in range(VIDEOS):
        rng = np.random.default_rng(video)
        with av.open(str(made.raw / f"{video}.mkv"), "w") as container:
            stream = container.add_stream("ffv1", rate=25)
            stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "bgr0"
            for frame in range(FRAMES):
                pixels = rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(made.out("collect") / f"images/{video}-{frame}.png", compress_level=1)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
            container.mux(stream.encode())
    return made


def index() -> pd.DataFrame:
    """Two rows of each frame."""
    rows = [
        (f"images/{video}-{frame}.png", f"{video}.mkv", frame, SIDE, SIDE, frame % 3 == 0)
        for video in range(VIDEOS)
        for frame in range(FRAMES)
        for _ in range(2)
    ]
    return pd.DataFrame(rows, columns=["image", "video", "frame", "width", "height", "mirrored"])


def written(layout: Layout, path: Path, filters: tuple[Filter, ...] = ()) -> bytes:
    with progress("images", VIDEOS * FRAMES) as bar:
        write_images(path, index(), layout, filters, SIZE, bar)
        assert bar.done == VIDEOS * FRAMES
    return path.read_bytes()


def filters_of(kind: str) -> tuple[Filter, ...]:
    return (Filter(name="background_subtraction"),) if kind == "videos" else ()


@pytest.mark.parametrize(
    ("engine", "kind"),
    [
        ("processes", "videos"),
        pytest.param("processes", "files", marks=pytest.mark.slow),
        pytest.param("dask:local", "files", marks=pytest.mark.slow),
        pytest.param("dask:local", "videos", marks=pytest.mark.slow),
    ],
)
def test_every_engine_writes_the_same_bytes(
    engine: str, kind: str, layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = written(layout, tmp_path / "here.npy", filters_of(kind))
    array = np.load(tmp_path / "here.npy")
    assert array.shape == (2 * VIDEOS * FRAMES, 32, 48, 3)
    assert (array[0::2] == array[1::2]).all()
    assert len(np.unique(array[::2].reshape(VIDEOS * FRAMES, -1), axis=0)) > VIDEOS
    monkeypatch.setattr(arrays, "_SPREAD", 1)
    monkeypatch.setattr(arrays, "_PART", 10)
    monkeypatch.setenv("HEELSTRIKE_EXECUTOR", engine)
    assert written(layout, tmp_path / "spread.npy", filters_of(kind)) == here


def test_a_part_holds_whole_videos_where_a_filter_needs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "_PART", 10)
    images = arrays._images(index())
    assert [len(group) for group in arrays._groups(images, by_video=False)] == [10] * 7 + [2]
    assert [len(group) for group in arrays._groups(images, by_video=True)] == [16, 16, 16, 16, 8]
    assert [image for group in arrays._groups(images, by_video=True) for image in group] == images


def test_images_that_cannot_be_used_are_named_by_every_part(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays, "_SPREAD", 1)
    monkeypatch.setattr(arrays, "_PART", 20)
    (layout.out("collect") / "images/0-1.png").unlink()
    Image.new("RGB", (20, 10)).save(layout.out("collect") / "images/5-7.png")
    with (
        progress("images", 50) as bar,
        pytest.raises(UserError, match=r"(?s)images/0-1\.png: .*\nimages/5-7\.png: it is 20 x 10 pixels, but was"),
    ):
        write_images(tmp_path / "a.npy", index()[:100], layout, (), SIZE, bar)
