"""The files that a synthetic source writes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import pandas as pd
import pytest

from heelstrike.errors import UserError
from pipeline.synthetic.generators import generate
from pipeline.synthetic.rearfoot import KEYPOINTS
from pipeline.synthetic.settings import SyntheticSource


def source(subjects: int, **changes: object) -> SyntheticSource:
    small = {"kind": "synthetic", "frames_per_subject": 6, "width": 96, "height": 64, "seed": 3}
    return SyntheticSource.model_validate(small | {"subjects": subjects} | changes)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered")
    generate(source(3), folder)
    return folder


def test_labels_name_frames_of_real_videos(rendered: Path) -> None:
    table = pd.read_csv(rendered / "labels.csv")
    points = [f"{k}_{axis}" for k in KEYPOINTS for axis in "xy"]
    slices = ["background", "footwear", "lighting", "markers", "span", "tone", "view"]
    assert list(table.columns) == ["video", "frame", "subject", *points, *slices]
    assert table["subject"].nunique() == 3 and len(table) == 18
    for video, rows in table.groupby("video"):
        with av.open(str(rendered / str(video))) as container:
            stream = container.streams.video[0]
            assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 96, 64)
            assert 25 <= float(stream.average_rate) <= 60
            count = sum(1 for _ in container.decode(stream))
        assert 0.8 <= count / float(stream.average_rate) <= 1.5
        assert rows["frame"].min() == 0 and rows["frame"].max() == count - 1


def test_a_video_does_not_depend_on_how_many_there_are_and_is_not_rendered_twice(
    rendered: Path, tmp_path: Path
) -> None:
    generate(source(1), tmp_path)
    first = tmp_path / "videos" / "subject_0000.mp4"
    written = first.stat().st_mtime_ns
    generate(source(3), tmp_path)
    assert first.stat().st_mtime_ns == written
    assert contents(tmp_path) == contents(rendered)


def test_goes_on_after_a_kill_to_the_same_bytes(rendered: Path, tmp_path: Path) -> None:
    code = "from pathlib import Path; from pipeline.synthetic.settings import SyntheticSource as S; "
    code += "from pipeline.synthetic.generators import generate; "
    code += f"generate(S.model_validate_json({source(3).model_dump_json()!r}), Path({str(tmp_path)!r}))"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[3], stdout=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while not list(tmp_path.glob("parts/*.json")) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "labels.csv").exists()
    generate(source(3), tmp_path)
    left = {name for name in contents(tmp_path) if name.endswith(".aside")}
    assert {n: b for n, b in contents(tmp_path).items() if n not in left} == contents(rendered)


def test_other_settings_render_again(rendered: Path, tmp_path: Path) -> None:
    shutil.copytree(rendered, tmp_path / "copy")
    generate(source(1, seed=4), tmp_path / "copy")
    video = "videos/subject_0000.mp4"
    assert contents(tmp_path / "copy")[video] != contents(rendered)[video]


def test_unknown_generator_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no generator 'forefoot'; there are \['ankle', 'footprint', 'rearfoot', "):
        generate(source(1, generator="forefoot"), tmp_path)
