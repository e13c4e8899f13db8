"""Videos whose every frame shows its number in blocks, and results whose every frame says its number in its radii.

A page that shows both together can be asked, from the pixels of its canvas, which frame it shows and whose overlay.
"""

import json
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from heelstrike.serve.viewing import write_view

BITS = 18
_STEP, _BLOCK = 20, 12  # pixels from one bit to the next, and of the square that shows it
_TOP, _OVERLAY_TOP = 8, 60  # of the row of the picture's bits, and of the overlay's
_LEVELS = 16, 235
_RADIUS = 8  # of a keypoint for a bit that is set
WIDTH = _STEP * (BITS + 1)
HEIGHT = 120

KEYPOINTS = tuple(f"bit_{bit}" for bit in range(BITS)) + ("always",)
POINTS = [[_STEP / 2 + _STEP * bit, _OVERLAY_TOP] for bit in range(BITS + 1)]


def picture(number: int, width: int, height: int) -> np.ndarray:
    """Gray image with a white square for each bit that is set and a black one for each that is not."""
    image = np.full((height, width, 3), 90, np.uint8)
    for bit in range(BITS):
        left = (_STEP - _BLOCK) // 2 + _STEP * bit
        image[_TOP - 6 : _TOP + 6, left : left + _BLOCK] = _LEVELS[number >> bit & 1]
    return image


def write_counted(
    path: Path,
    times: Iterable[Fraction],
    rotation: int = 0,
    width: int = WIDTH,
    height: int = HEIGHT,
    codec: str = "libx264",
) -> Path:
    """Write a video whose frames have these time stamps in seconds; it is displayed as `width` times `height`."""
    tick = Fraction(1, 90_000)
    turns = {0: 0, 90: 1, -90: -1, 180: 2}[rotation]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(30), options={"preset": "ultrafast", "crf": "20"})
        stream.width, stream.height = (height, width) if turns % 2 else (width, height)
        stream.pix_fmt, stream.codec_context.time_base = "yuv420p", tick
        if rotation:
            stream.set_display_rotation(rotation)
        for number, time in enumerate(times):
            stored = np.ascontiguousarray(np.rot90(picture(number, width, height), -turns))
            frame = av.VideoFrame.from_ndarray(stored, format="rgb24")
            frame.pts, frame.time_base = round(time / tick), tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def result_lines(time_s: Sequence[float]) -> Iterable[str]:
    """Yield the frames of a result, one line each, whose radii show the number of the frame."""
    for number, time in enumerate(time_s):
        radius = [float(_RADIUS) if number >> bit & 1 else None for bit in range(BITS)] + [float(_RADIUS)]
        values = {"left": 5 * np.sin(number / 9), "right": 3 * np.cos(number / 9)}
        measure = {
            "name": "rearfoot_angle",
            "unit": "deg",
            "measured": number % 50 != 7,
            "reason": None if number % 50 != 7 else "missing_marker",
            "message": None if number % 50 != 7 else "not found: left_heel",
            "warnings": [],
            "values": {name: round(value, 3) for name, value in values.items()} if number % 50 != 7 else {},
            "units": dict.fromkeys(values, "deg"),
            "half_widths": dict.fromkeys(values, 0.7) if number % 50 != 7 else {},
        }
        frame = {
            "frame": number,
            "time_s": round(float(time), 6),
            "keypoints": POINTS,
            "confidence": [1.0] * len(POINTS),
        }
        yield json.dumps(
            frame | {"missing": [], "radius": radius, "box": None, "measure": measure, "reliable": True, "doubts": []}
        )


def write_result(path: Path, source: str, time_s: Sequence[float], width: int, height: int) -> None:
    """Write a result of such frames as `heelstrike predict` does."""
    head: dict[str, Any] = {
        "format": "heelstrike-prediction",
        "format_version": 3,
        "min_reader": 1,
        "heelstrike": "0.1.0",
        "source": {"file": source, "kind": "video", "width": width, "height": height, "fps": 30.0, "mm_per_px": None},
        "model": {"problem": "counter", "reference": "counter/1", "version": "1", "digest": "0" * 64},
        "keypoints": KEYPOINTS,
        "classes": [],
        "skeleton": [],
        "confidence_threshold": 0.5,
    }
    summary = {"frames": len(time_s), "measured": len(time_s), "not_measured": {}, "unit": "deg"}
    tail = {"steps": None, "summary": summary | {"units": {"left": "deg", "right": "deg"}, "values": {}}}
    with path.open("w") as stream:
        stream.write(
            "{\n" + "".join(f' "{key}": {json.dumps(value)},\n' for key, value in head.items()) + ' "frames": ['
        )
        for number, line in enumerate(result_lines(time_s)):
            stream.write(("," if number else "") + "\n  " + line)
        stream.write("\n ],\n" + ",\n".join(f' "{key}": {json.dumps(value)}' for key, value in tail.items()) + "\n}\n")


def store_counted(data: Path, evaluation: str, video: Path, time_s: Sequence[float], width: int, height: int) -> str:
    """Put a counted video with its result into the data folder of a service that does not run.

    Returns:
        Path of the page of the result.
    """
    folder, job = data / "evaluations" / evaluation, "1" * 20
    results = folder / "results" / job / "files"
    for made in (folder / "files", folder / "views", folder / "jobs", results):
        made.mkdir(parents=True)
    target = folder / "files" / video.name
    target.write_bytes(video.read_bytes())
    write_view(target, folder / "views" / video.name)
    write_result(results / f"{video.name}.json", video.name, time_s, width, height)
    created = "2026-11-28T12:00:00Z"
    file = {"name": video.name, "kind": "video", "bytes": 1, "sha256": "0" * 64, "uploaded": created}
    record = {"id": evaluation, "name": evaluation, "created": created, "files": {video.name: file}}
    (folder / "evaluation.json").write_text(json.dumps(record))
    done = {"id": job, "evaluation": evaluation, "model": "counter", "state": "done", "reference": "counter/1"}
    (folder / "jobs" / f"{job}.json").write_text(json.dumps(done | {"created": created, "finished": created}))
    return f"/evaluations/{evaluation}/results/{job}/{video.name}"
