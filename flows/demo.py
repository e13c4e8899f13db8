"""`heelstrike demo`: a rendered walk to try a model on."""

from pathlib import Path

import av

from heelstrike.errors import UserError
from heelstrike.progress import progress
from heelstrike.video.writer import VideoWriter
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.rearfoot import render
from pipeline.synthetic.settings import SyntheticSource

NAME = "walk.mp4"
_COMMENT = "rendered by heelstrike demo: this person does not exist"
# a seed that no params.yaml of this repository trains on; a person with bare feet and all markers in a corridor
_SETTINGS = SyntheticSource(kind="synthetic", seed=11)


def make_walk(folder: Path, seconds: float = 6.0) -> Path:
    """Render a person who walks away from the camera. Equal calls write equal bytes.

    Args:
        folder: Folder for the video `walk.mp4`; it is made if it is missing.
        seconds: Length of the video.

    Returns:
        The video's path.

    Raises:
        UserError: Another file of this name is there, which is not overwritten.
    """
    path = folder / NAME
    if path.exists() and not _is_ours(path):
        raise UserError(
            f"{path}: already there, and not made by `heelstrike demo`; name another folder: heelstrike demo FOLDER"
        )
    subject = make_subject(_SETTINGS, 0, seconds)
    video = VideoWriter(path, subject.fps, subject.quality, preset="superfast", comment=_COMMENT)
    with video, progress("render a walk", subject.frames) as bar:
        for frame, _ in render(subject):
            video.add(frame)
            bar.advance()
    return path


def _is_ours(path: Path) -> bool:
    try:
        with av.open(str(path)) as container:
            return container.metadata.get("comment") == _COMMENT
    except (OSError, ValueError, av.error.FFmpegError):
        return False
