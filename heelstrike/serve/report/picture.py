"""The picture of a report: an image or a frame of a video with what was measured on it."""

import io
from pathlib import Path
from typing import Any

import av
import cv2
from reportlab.lib.colors import HexColor, white
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from heelstrike.serve.report.chart import COLOURS, Area
from heelstrike.serve.viewing import VIDEO_SUFFIX

_OTHER = HexColor("#2aa198")
_LONGEST = 1600  # pixels of a side; paper shows no more
_QUALITY = 88


def draw_picture(
    canvas: Canvas, area: Area, view: Path, frame: dict[str, Any], about: dict[str, Any], media_s: float
) -> None:
    """Draw the picture in the middle of an area, with keypoints, skeleton, box, instances and outline.

    Args:
        canvas: The page.
        area: Where it has room.
        view: The copy of the image or video for browsers.
        frame: A frame of the result.
        about: The result without its frames.
        media_s: The frame's time stamp in the copy.
    """
    jpeg = _frame_at(view, media_s) if view.name.endswith(VIDEO_SUFFIX) else _smaller(cv2.imread(str(view)))
    width, height = about["source"]["width"], about["source"]["height"]
    scale = min(area.width / width, area.height / height)
    left, bottom = area.x + (area.width - scale * width) / 2, area.y + (area.height - scale * height) / 2
    canvas.drawImage(ImageReader(io.BytesIO(jpeg)), left, bottom, scale * width, scale * height)
    canvas.saveState()
    clip = canvas.beginPath()
    clip.rect(left, bottom, scale * width, scale * height)
    canvas.clipPath(clip, stroke=0)
    canvas.translate(left + scale / 2, bottom + scale * height - scale / 2)
    canvas.scale(scale, -scale)  # pixels of the picture from here on; (0, 0) is the centre of the top-left one
    canvas.setLineWidth(1.1 / scale)
    _boxes(canvas, frame)
    _outline(canvas, frame, about)
    _keypoints(canvas, frame, about, 2.2 / scale)
    canvas.restoreState()


def _boxes(canvas: Canvas, frame: dict[str, Any]) -> None:
    canvas.setStrokeColor(white)
    for box in [frame.get("box"), *(instance["box"] for instance in frame.get("instances") or ())]:
        if box and None not in box:
            canvas.rect(*box)


def _outline(canvas: Canvas, frame: dict[str, Any], about: dict[str, Any]) -> None:
    outline, mm_per_px = (frame.get("measure") or {}).get("outline_mm"), about["source"]["mm_per_px"]
    if not outline or not mm_per_px:
        return
    path = canvas.beginPath()
    path.moveTo(outline[0][0] / mm_per_px, outline[0][1] / mm_per_px)
    for x, y in outline[1:]:
        path.lineTo(x / mm_per_px, y / mm_per_px)
    path.close()
    canvas.setStrokeColor(_OTHER)
    canvas.drawPath(path)


def _keypoints(canvas: Canvas, frame: dict[str, Any], about: dict[str, Any], size: float) -> None:
    if not frame.get("keypoints"):
        return
    missing = set(frame["missing"])
    points = {
        name: point
        for name, point in zip(about["keypoints"], frame["keypoints"], strict=True)
        if name not in missing and None not in point
    }
    names = about["keypoints"]
    for a, b in about["skeleton"]:
        if names[a] in points and names[b] in points:
            canvas.setStrokeColor(_colour(names[a]))
            canvas.line(*points[names[a]], *points[names[b]])
    for name, point in points.items():
        canvas.setStrokeColor(_colour(name))
        canvas.circle(*point, size, fill=0)


def _colour(name: str) -> Any:
    return next((colour for side, colour in COLOURS.items() if name.startswith(f"{side}_")), _OTHER)


def _frame_at(view: Path, media_s: float) -> bytes:
    """Return the frame of a video's copy at its own time stamp as JPEG."""
    with av.open(str(view)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None  # every MP4 has one
        wanted = round(media_s / stream.time_base)
        container.seek(wanted, stream=stream)
        for frame in container.decode(stream):
            if frame.pts is not None and frame.pts >= wanted:
                return _smaller(frame.to_ndarray(format="bgr24"))
    raise ValueError(f"{view}: has no frame at {media_s} s")


def _smaller(image: Any) -> bytes:
    factor = _LONGEST / max(image.shape[:2])
    if factor < 1:
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1])
