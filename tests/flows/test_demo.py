"""The rendered walk."""

from pathlib import Path

import av
import pytest

from flows.demo import make_walk
from heelstrike.errors import UserError


def test_a_walk_is_rendered_and_rendered_again(tmp_path: Path) -> None:
    path = make_walk(tmp_path / "new", seconds=0.2)
    first = path.read_bytes()
    with av.open(str(path)) as video:
        assert len(list(video.decode(video=0))) == 5
    assert make_walk(tmp_path / "new", seconds=0.2).read_bytes() == first


def test_a_video_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "walk.mp4").write_bytes(b"mine")
    with pytest.raises(UserError, match="name another folder"):
        make_walk(tmp_path)
    assert (tmp_path / "walk.mp4").read_bytes() == b"mine"
