"""Hostile label CSVs: encodings, delimiters, cells, frames, columns, rows and the paths of videos."""

from collections.abc import Callable
from pathlib import Path

from tests.hostile.checks import Input
from tests.videos import write_video

HEADER = "video,frame,subject,heel_x,heel_y,toe_x,toe_y,tone"
ROWS = (
    "walk.mp4,0,anna,10,20,50.5,30.25,III",
    "walk.mp4,2,anna,11,21,51.5,31.25,III",
    "walk.mp4,4,anna,12,22,52.5,32.25,III",
)
GOOD = "\n".join([HEADER, *ROWS]) + "\n"
RIGHT = {
    "rows": 3,
    "media": "walk.mp4",
    "frame": 0,
    "subject": "anna",
    "heel_x": 10.0,
    "heel_y": 20.0,
    "toe_x": 50.5,
    "toe_y": 30.25,
    "slice_tone": "III",
}
"""The first row of the good file, and the number of its rows."""

NAN = float("nan")


def labels(text: str | bytes, **more: Callable[[Path], object]) -> Callable[[Path], Path]:
    """An inbox with walk.mp4 of six frames and labels.csv; `more` makes other things in it."""

    def make(inbox: Path) -> Path:
        write_video(inbox / "walk.mp4", frames=6)
        (inbox / "labels.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        for build in more.values():
            build(inbox)
        return inbox

    return make


def cell(column: str, value: str) -> Callable[[Path], Path]:
    """The good file with another value in the first row."""
    cells = ROWS[0].split(",")
    cells[HEADER.split(",").index(column)] = value
    return labels("\n".join([HEADER, ",".join(cells), *ROWS[1:]]) + "\n")


def column(name: str, value: str) -> Callable[[Path], Path]:
    """The good file with one more column."""
    return labels("\n".join([f"{HEADER},{name}", *(f"{row},{value}" for row in ROWS)]) + "\n")


def _european(text: str) -> str:
    rows = [row.split(",") for row in text.splitlines()]
    return "\n".join(";".join(c if ".mp4" in c else c.replace(".", ",") for c in row) for row in rows) + "\n"


def _linked_video(inbox: Path) -> None:
    archive = inbox / "archive"
    write_video(archive / "long.mp4", frames=6)
    (inbox / "link.mp4").symlink_to(archive / "long.mp4")


ENCODINGS = [
    Input("csv as it should be", labels(GOOD), RIGHT),
    Input("csv with a byte order mark", labels(b"\xef\xbb\xbf" + GOOD.encode()), RIGHT),
    Input("csv with Windows line ends", labels(GOOD.replace("\n", "\r\n")), RIGHT),
    Input("csv with old Macintosh line ends", labels(GOOD.replace("\n", "\r")), RIGHT, r"labels\.csv"),
    Input("csv without a line end at its end", labels(GOOD.rstrip("\n")), RIGHT),
    Input("csv with blank lines", labels(GOOD.replace("\n", "\n\n")), RIGHT),
    Input("csv in UTF-16", labels(GOOD.encode("utf-16")), RIGHT, r"labels\.csv.*UTF-8"),
    Input("csv in Latin 1", labels(GOOD.replace("III", "é").encode("latin-1")), RIGHT | {"slice_tone": "é"}, "UTF-8"),
    Input("csv with a zero byte", labels(GOOD.replace("anna", "an\0na", 1)), None, r"labels\.csv"),
    Input("csv of zero bytes", labels(""), None, "empty"),
    Input("csv of blank lines only", labels("\n\n\n"), None, "empty"),
    Input("csv with a header only", labels(HEADER + "\n"), None, "header without rows|labelled"),
    Input("csv that is a ZIP file", labels(b"PK\x03\x04" + bytes(range(256))), None, r"labels\.csv"),
]

DELIMITERS = [
    Input("csv with semicolons", labels(GOOD.replace(",", ";")), RIGHT),
    Input("csv with semicolons and decimal commas", labels(_european(GOOD)), RIGHT),
    Input("csv with a line sep=;", labels("sep=;\n" + _european(GOOD)), RIGHT),
    Input("csv with tabulators", labels(GOOD.replace(",", "\t")), RIGHT),
    Input("csv with bars", labels(GOOD.replace(",", "|")), RIGHT, "header"),
    Input("csv with a quoted line break", labels(GOOD.replace("III", '"I\nII"', 1)), RIGHT | {"slice_tone": "I\nII"}),
    Input("csv with a stray quote at a cell's start", labels(GOOD.replace("anna", '"anna', 1)), None, "quot"),
    Input("csv with a stray quote in the last cell", labels(GOOD.replace("III\n", '"III\n', 1)), None, "quot"),
    Input("csv with a row that is too short", labels(GOOD + "a,b\n"), None, "2 cells"),
    Input("csv with a row that is too long", labels(GOOD + ROWS[0] + ",x,y\n"), None, "10 cells"),
    Input("csv with a cell of 200 000 characters", cell("tone", "x" * 200_000), {"rows": 3}, r"labels\.csv"),
]

NUMBERS = [
    Input("a coordinate of 1e400", cell("heel_x", "1e400"), None, "heel"),
    Input("a coordinate that is infinite", cell("heel_x", "inf"), None, "heel"),
    Input("a coordinate of minus infinity", cell("heel_x", "-inf"), None, "heel"),
    Input("a coordinate that is nan beside one that is not", cell("heel_x", "nan"), None, "heel.*x is missing"),
    Input("a coordinate with an underscore", cell("heel_x", "1_0"), None, "heel_x"),
    Input("a coordinate in hexadecimal", cell("heel_x", "0x10"), None, "heel_x"),
    Input("a coordinate in Arabic digits", cell("heel_x", "١٠"), RIGHT, "heel_x"),
    Input("a coordinate with a thousands separator", cell("heel_x", '"1,234.5"'), None, "heel_x"),
    Input("a coordinate that is True", cell("heel_x", "True"), None, "heel_x"),
    Input("a coordinate with an exponent", cell("heel_x", "1e1"), RIGHT),
    Input("a coordinate with a plus sign", cell("heel_x", "+10"), RIGHT),
    Input("a coordinate that is complex", cell("heel_x", "1j"), None, "heel_x"),
    Input("a coordinate with a typographic minus", cell("heel_x", "−5"), RIGHT | {"heel_x": -5.0}, "heel_x"),
    Input("a coordinate with a no-break space", cell("heel_x", "10\u00a0"), RIGHT, "heel_x"),
    Input("a coordinate in per cent", cell("heel_x", "50%"), None, "heel_x"),
    Input("a coordinate that is a date", cell("heel_x", "2026-01-01"), None, "heel_x"),
    Input("a coordinate that is a formula", cell("heel_x", "=1+9"), None, "heel_x"),
    Input("a pixel of no size", column("mm_per_px", "0"), None, "mm_per_px"),
    Input("a pixel of negative size", column("mm_per_px", "-0.2"), None, "mm_per_px"),
    Input("a visibility that COCO does not have", column("heel_v", "9"), None, "heel_v"),
    Input("a visibility that is a fraction", column("heel_v", "1.5"), None, "heel_v"),
]

FRAMES = [
    Input("a frame of -3", cell("frame", "-3"), None, "frame"),
    Input("a frame of -1, which means a still image inside", cell("frame", "-1"), None, "frame"),
    Input("a frame that is a fraction", cell("frame", "3.5"), None, "frame"),
    Input("a frame written as 0.0", cell("frame", "0.0"), RIGHT),
    Input("a frame of 1e18", cell("frame", "1e18"), None, "frame"),
    Input("a frame beyond 64 bits", cell("frame", "1e30"), None, "frame"),
    Input("a frame of twenty digits", cell("frame", "9" * 20), None, "frame"),
    Input("a frame that is not given", cell("frame", ""), None, "frame"),
    Input("a frame that is True", cell("frame", "True"), None, "frame"),
    Input("a frame just beyond the video's end", cell("frame", "6"), None, "frame 6.*0 to 5"),
    Input("a frame that is labelled twice alike", labels(GOOD + ROWS[0] + "\n"), None, "repeats"),
    Input(
        "a frame that is labelled twice differently",
        labels(GOOD + ROWS[0].replace("10,", "99,", 1) + "\n"),
        None,
        "differently",
    ),
]

COLUMNS = [
    Input("a column twice", column("tone", "x"), None, "tone"),
    Input("a column without a name", column("", "x"), RIGHT, "column"),
    Input("no keypoint has its columns", labels("video,frame,subject\nwalk.mp4,0,anna\n"), None, "heel_x"),
    Input("one keypoint has no y column", labels(GOOD.replace("heel_y", "heel_z")), None, "heel_y"),
    Input("no subject is given", cell("subject", ""), None, "subject"),
    Input("a subject that is a number", cell("subject", "0017"), RIGHT | {"subject": "0017"}),
    Input("a subject called nan", cell("subject", "nan"), RIGHT | {"subject": "nan"}, "subject"),
    Input("a subject between blanks", cell("subject", "  anna  "), RIGHT),
    Input(
        "a slice of markup",
        cell("tone", "<script>alert(1)</script>"),
        RIGHT | {"slice_tone": "<script>alert(1)</script>"},
    ),
    Input("a column of the user called row", column("row", "7"), RIGHT | {"slice_row": "7"}, "row"),
    Input("a column of the user called line", column("line", "7"), RIGHT | {"slice_line": "7"}, "line"),
]

PATHS = [
    Input("a video above the inbox", cell("video", "../../walk.mp4"), None, "outside"),
    Input("a video above the inbox with backslashes", cell("video", "..\\..\\walk.mp4"), None, "outside"),
    Input("a video by an absolute path", cell("video", "/etc/walk.mp4"), RIGHT, r"walk\.mp4"),
    Input("a video that is an address", cell("video", "http://127.0.0.1:9/x.mp4"), None, r"x\.mp4"),
    Input("a video that is a file address", cell("video", "file:///etc/passwd.mp4"), None, r"passwd\.mp4"),
    Input("a video by another machine's Windows path", cell("video", "C:\\clinic\\walk.mp4"), RIGHT, r"walk\.mp4"),
    Input("a video that is the label file", cell("video", "labels.csv"), None, r"labels\.csv"),
    Input("a video that is not there", cell("video", "run.mp4"), None, r"run\.mp4"),
    Input("a video in other case", cell("video", "WALK.MP4"), RIGHT, r"WALK\.MP4"),
    Input("a video with a dot before its path", cell("video", "./walk.mp4"), RIGHT),
    Input("a video through a folder and back", cell("video", "week/../walk.mp4"), RIGHT),
    Input("a video that is a folder", labels(GOOD.replace("walk", "folder", 1), folder=lambda i: (i / "folder.mp4").mkdir()), None, r"folder\.mp4"),
    Input("a video that is a link within the inbox", labels(GOOD.replace("walk", "link", 1), link=_linked_video), {"media": "link.mp4"}, r"link\.mp4"),
    Input("a video that is a link to nothing", labels(GOOD.replace("walk", "gone", 1), link=lambda i: (i / "gone.mp4").symlink_to(i / "nothing.mp4")), None, r"gone\.mp4"),
    Input("a video that is a link to itself", labels(GOOD.replace("walk", "loop", 1), link=lambda i: (i / "loop.mp4").symlink_to("loop.mp4")), None, r"loop\.mp4"),
    Input("a video whose name begins with two dots", labels(GOOD.replace("walk", "..walk", 1), link=lambda i: write_video(i / "..walk.mp4", frames=6)), {"media": "..walk.mp4"}, r"\.\.walk\.mp4"),
    Input("no video is named", cell("video", ""), None, "video"),
]  # fmt: skip

INPUTS = [*ENCODINGS, *DELIMITERS, *NUMBERS, *FRAMES, *COLUMNS, *PATHS]
