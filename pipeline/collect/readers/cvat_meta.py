"""The `meta` part of CVAT's XML: which video a task shows, its size, and which of its frames were labelled."""

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from pipeline.collect.readers.labelled_instances import UNKNOWN_SIZE

_STEP = re.compile(r"step\s*=\s*(\d+)")


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes:
        video: Name of the video; empty if the task has images.
        size: Width and height of the video; NaN if unknown.
        start: First frame of the video that belongs to the task.
        step: Distance of the task's frames in the video.
    """

    video: str = ""
    size: tuple[float, float] = UNKNOWN_SIZE
    start: int = 0
    step: int = 1

    def has(self, frame: int) -> bool:
        """Return True if a frame of the video, from 0, belongs to the task."""
        return frame >= self.start and (frame - self.start) % self.step == 0

    @property
    def frames(self) -> str:
        """The task's first frames, for messages."""
        return f"{self.start}, {self.start + self.step}, {self.start + 2 * self.step}, ..."


def tasks_of(root: Element) -> dict[str, Task]:
    """Return the tasks by their id; "" is the task of shapes that name none.

    Frame numbers in the XML count the frames of the video, not those of the task: the exporter adds `start_frame` and
    multiplies by the step of `frame_filter`. The range of a job counts the task's frames and is not used.
    """
    meta = root.find("meta")
    if meta is None:
        return {"": Task()}
    tasks = {}
    for element in (*meta.iter("task"), *meta.iter("job")):
        video = _text(element, "source") or _text(meta, "source")
        size = (_positive(element, "original_size/width"), _positive(element, "original_size/height"))
        ranged = element.tag == "task"
        step = _STEP.search(_text(element, "frame_filter")) if ranged else None
        tasks[_text(element, "id")] = Task(
            video=video,
            size=size if size[0] == size[0] and size[1] == size[1] else UNKNOWN_SIZE,
            start=int(text) if ranged and (text := _text(element, "start_frame")).isdecimal() else 0,
            step=max(int(step[1]), 1) if step else 1,
        )
    only = next(iter(tasks.values())) if len(tasks) == 1 else Task(video=_text(meta, "source"))
    return tasks | {"": only}


def label_names(root: Element) -> set[str]:
    """Return the names of all labels that the tasks declare, those of points in skeletons included."""
    return {(element.text or "").strip() for element in root.findall("meta//label/name")}


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _positive(element: Element, path: str) -> float:
    text = _text(element, path)
    return float(text) if text.isdecimal() and int(text) > 0 else float("nan")
