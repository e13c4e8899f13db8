"""Videos whose every frame shows its number in blocks, and results whose every frame says its number in its radii.

A page that shows both together can be asked, from the pixels of its canvas, which frame it shows and whose overlay.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from heelstrike.serve.viewing import view_path, write_view

BITS = 18
WIDTH, HEIGHT = 760, 240
KEYPOINTS = (*(f"bit_{bit}" for bit in range(BITS)), "always")

_LEVELS = 16, 235  # of a bit that is not set, and of one that is
_TOP, _OVERLAY_TOP = 0.1, 0.5  # rows of the picture's and of the overlay's bits, in heights
_RADIUS, _BESIDE = 0.4, 0.3  # of the keypoint for a bit, and where it is looked at, in distances of two bits


def step_of(width: int) -> float:
    """Return the distance of two bits in pixels."""
    return width / (BITS + 1)


def picture(number: int, width: int, height: int) -> np.ndarray:
    """Gray image, one channel, with a white square for each bit that is set and a black one for each that is not."""
    image, step, y = np.full((height, width), 90, np.uint8), step_of(width), int(_TOP * height)
    for bit in range(BITS):
        middle, half = int(step * (bit + 0.5)), int(0.3 * step)
        image[max(y - half, 0) : y + half, middle - half : middle + half] = _LEVELS[number >> bit & 1]
    return image


READ = f"""(() => {{
  const canvas = document.querySelector('[data-part=canvas]');
  const pen = canvas.getContext('2d');
  const step = canvas.width / {BITS + 1};
  const row = (y, beside) => {{
    const pixels = pen.getImageData(0, Math.round(y * canvas.height), canvas.width, 1).data;
    return bit => pixels[4 * Math.round(step * (bit + 0.5 + beside))];
  }};
  const picture = row({_TOP}, 0), overlay = row({_OVERLAY_TOP}, {_BESIDE});
  let shown = 0, drawn = 0;
  for (let bit = 0; bit < {BITS}; bit++) {{
    if (picture(bit) > 128) shown += 2 ** bit;
    if (overlay(bit) > 110) drawn += 2 ** bit;
  }}
  return {{ shown, drawn: overlay({BITS}) > 110 ? drawn : null }};
}})()"""
"""JavaScript that reads the number of the picture on the page, and that of its overlay (null: there is none)."""

SEEKS = """
async wanted => {
  const player = document.getElementById('result').player;
  const canvas = document.querySelector('[data-part=canvas]');
  const read = () => READ;
  const wrong = [], milliseconds = [], whole = [];
  for (const index of wanted) {
    if (player.index === index) continue;
    const begun = performance.now();
    player.seek(index);
    let first = null;
    for (;;) {
      await new Promise(requestAnimationFrame);
      const { shown, drawn } = read();
      if (drawn !== null && drawn !== shown) wrong.push([index, shown, drawn]);
      if (first === null && shown === index) first = performance.now() - begun;
      if (drawn === index && shown === index) break;
      if (performance.now() - begun > 5000) { wrong.push([index, shown, drawn, 'never']); break; }
    }
    milliseconds.push(first);
    whole.push(performance.now() - begun);
  }
  return { wrong, milliseconds, whole };
}
""".replace("READ", READ)
"""JavaScript that seeks frames one after the other; returns what was wrong, and the milliseconds of each seek
until the picture was there, and until its overlay was there too."""


def write_counted(
    path: Path,
    times: Iterable[Fraction],
    rotation: int = 0,
    width: int = WIDTH,
    height: int = HEIGHT,
    codec: str = "libx264",
    key_every: int = 250,
) -> Path:
    """Write a video whose frames have these time stamps in seconds; it is displayed as `width` times `height`."""
    tick = Fraction(1, 90_000)
    turns = {0: 0, 90: 1, -90: -1, 180: 2}[rotation]
    options = {"preset": "ultrafast", "crf": "20", "g": str(key_every)}
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream(codec, rate=Fraction(30), options=options)
        stream.width, stream.height = (height, width) if turns % 2 else (width, height)
        stream.pix_fmt, stream.codec_context.time_base = "yuv420p", tick
        if rotation:
            stream.set_display_rotation(rotation)
        grey = np.full((stream.height // 2, stream.width), 128, np.uint8)  # both planes of colour
        for number, time in enumerate(times):
            planes = np.concatenate([np.rot90(picture(number, width, height), -turns), grey])
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = round(time / tick), tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def result_lines(time_s: Sequence[float], width: int, height: int) -> Iterable[str]:
    """Yield the frames of a result, one line each, whose radii show the number of the frame."""
    step = step_of(width)
    size, points = round(_RADIUS * step, 1), [[step * (bit + 0.5), _OVERLAY_TOP * height] for bit in range(BITS + 1)]
    for number, time in enumerate(time_s):
        radius = [size if number >> bit & 1 else None for bit in range(BITS)] + [size]
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
            "keypoints": points,
            "confidence": [1.0] * len(points),
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
        for number, line in enumerate(result_lines(time_s, width, height)):
            stream.write(("," if number else "") + "\n  " + line)
        stream.write("\n ],\n" + ",\n".join(f' "{key}": {json.dumps(value)}' for key, value in tail.items()) + "\n}\n")


def store_counted(
    data: Path, evaluation: str, video: Path, time_s: Sequence[float], width: int, height: int, copied: bool = True
) -> str:
    """Put a counted video with its result into the data folder of a service that does not run.

    Args:
        data: The data folder.
        evaluation: Its id.
        video: The video.
        time_s: The time stamps of its frames.
        width: Width of a frame.
        height: Height of a frame.
        copied: False if the video is itself what browsers are given; a copy of a long one takes minutes.

    Returns:
        Path of the page of the result.
    """
    folder, job = data / "evaluations" / evaluation, hashlib.sha256(evaluation.encode()).hexdigest()[:20]
    results = folder / "results" / job / "files"
    for made in (folder / "files", folder / "views", folder / "jobs", results):
        made.mkdir(parents=True)
    target = folder / "files" / video.name
    target.write_bytes(video.read_bytes())
    if copied:
        write_view(target, folder / "views" / video.name)
    else:
        view_path(target, folder / "views" / video.name).hardlink_to(target)
    write_result(results / f"{video.name}.json", video.name, time_s, width, height)
    created = "2026-11-28T12:00:00Z"
    file = {"name": video.name, "kind": "video", "bytes": 1, "sha256": "0" * 64, "uploaded": created}
    record = {"id": evaluation, "name": evaluation, "created": created, "files": {video.name: file}}
    (folder / "evaluation.json").write_text(json.dumps(record))
    done = {"id": job, "evaluation": evaluation, "model": "counter", "state": "done", "reference": "counter/1"}
    (folder / "jobs" / f"{job}.json").write_text(
        json.dumps(done | {"created": created, "started": created, "finished": created})
    )
    return f"/evaluations/{evaluation}/results/{job}/{video.name}"
