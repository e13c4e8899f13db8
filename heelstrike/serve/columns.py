"""A result as a page reads it: numbers of all frames as columns, and each frame's own line on demand.

The JSON of an hour of video has some hundred megabytes, of which a chart needs a few. `write_columns` reads it once
and writes two files beside it:

    .walk.mp4.columns   4 bytes with the length of a JSON header (little-endian), the header, columns
    .walk.mp4.lines     where the line of each frame begins in walk.mp4.json, in 64 bits, and where the last one ends

The header has the result's JSON without its frames (`result`), the quantities with their units, the reasons for not
measuring, the half-width of a stance's stable window in durations of stance (`stable_half`), and the name, type and
first byte of each column, counted from the end of the header. Columns are `time_s` and `media_s` (time stamps of the
file, and of its copy for browsers), each quantity and its half-width (NaN: no value), `reason` (0 if the frame was
measured, else the number of the reason, from 1) and `reliable` (0 no, 1 yes, 2 unknown).
"""

import json
import math
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from jaxtyping import Shaped

from heelstrike.errors import UserError
from heelstrike.files import write_aside
from heelstrike.measure.steps.stance import MIDDLE
from heelstrike.serve.viewing import media_times

COLUMNS, LINES = ".columns", ".lines"

_FRAMES, _END = b'"frames": [', b"]"
_OFFSET = np.dtype("<u8")
_ALIGNED = 8  # bytes; JavaScript's typed arrays begin at a multiple of their element's size
_RELIABLE = {False: 0, True: 1, None: 2}


class _Collector:
    """Collects the columns of frames that are added one by one."""

    def __init__(self) -> None:
        self.time_s, self.reason, self.reliable = array("d"), array("B"), array("B")
        self.values: dict[str, array[float]] = {}
        self.half_widths: dict[str, array[float]] = {}
        self.units, self.reasons = dict[str, str](), dict[str, int]()

    def add(self, frame: dict[str, Any]) -> None:
        count, measure = len(self.time_s), frame.get("measure") or {}
        self.time_s.append(frame["time_s"] or 0.0)
        self.reliable.append(_RELIABLE[frame.get("reliable")])
        reason = measure.get("reason")
        self.reason.append(self.reasons.setdefault(reason, min(len(self.reasons) + 1, 255)) if reason else 0)
        half_widths = measure.get("half_widths", {})
        for name, (value, unit) in _quantities(frame, measure).items():
            self.units.setdefault(name, unit)
            _append(self.values.setdefault(name, array("f")), count, value)
            _append(self.half_widths.setdefault(name, array("f")), count, half_widths.get(name))

    def columns(self) -> dict[str, Shaped[np.ndarray, " T"]]:
        """Return all columns by name."""
        count = len(self.time_s)
        times = np.array(self.time_s)
        columns = {"time_s": times, "media_s": media_times(times) if count else times}
        for name, values in self.values.items():
            columns[f"value {name}"] = _filled(values, count)
            columns[f"half_width {name}"] = _filled(self.half_widths[name], count)
        return columns | {"reason": np.array(self.reason), "reliable": np.array(self.reliable)}


def write_columns(result: Path) -> None:
    """Write the two files beside the JSON of a result. Each is there completely or not at all.

    Raises:
        UserError: The file is no result with a line for each frame.
    """
    collector, starts = _Collector(), array("Q")
    with result.open("rb") as stream:
        head = _head(result, stream)
        for start, line in _frame_lines(stream):
            starts.append(start)
            collector.add(json.loads(line.rstrip().removesuffix(b",")))
        starts.append(stream.tell())
        about = json.loads(head + b"]" + stream.read().lstrip().removeprefix(_END))
    del about["frames"]
    header = {"result": about, "quantities": collector.units, "reasons": list(collector.reasons), "stable_half": MIDDLE}
    with write_aside(_beside(result, LINES)) as aside:
        aside.write_bytes(np.array(starts, _OFFSET).tobytes())
    with write_aside(_beside(result, COLUMNS)) as aside:
        aside.write_bytes(_packed(header, collector.columns()))


def columns_of(result: Path) -> Path:
    """Return the path of a result's columns, which are written first if they are not there."""
    path = _beside(result, COLUMNS)
    if not (path.exists() and _beside(result, LINES).exists()):
        write_columns(result)
    return path


def read_columns(path: Path) -> tuple[dict[str, Any], dict[str, Shaped[np.ndarray, " T"]]]:
    """Return the header and the columns of a file that `write_columns` wrote."""
    data = path.read_bytes()
    start = 4 + int.from_bytes(data[:4], "little")
    header = json.loads(data[4:start])
    places = {column["name"]: (column["type"], start + column["offset"]) for column in header["columns"]}
    return header, {
        name: np.frombuffer(data, f"<{kind}", header["frames"], offset) for name, (kind, offset) in places.items()
    }


def header_of(result: Path) -> dict[str, Any]:
    """Return the header of a result's columns, without reading the columns."""
    with columns_of(result).open("rb") as stream:
        header: dict[str, Any] = json.loads(stream.read(int.from_bytes(stream.read(4), "little")))
    return header


def frames_of(result: Path, first: int, count: int) -> bytes:
    """Return the frames `first` to `first + count - 1` of a result, as far as there are any, as a JSON list."""
    columns_of(result)
    with _beside(result, LINES).open("rb") as stream:
        stream.seek(first * _OFFSET.itemsize)
        starts = np.frombuffer(stream.read((count + 1) * _OFFSET.itemsize), _OFFSET).tolist()
    if len(starts) < 2:
        return b"[]"
    with result.open("rb") as stream:
        stream.seek(starts[0])
        lines = stream.read(starts[-1] - starts[0])
    return b"[" + lines.strip().removesuffix(b"]").strip().removesuffix(b",") + b"]"


def _quantities(frame: dict[str, Any], measure: dict[str, Any]) -> dict[str, tuple[float | None, str]]:
    """Return the values of a frame that are drawn over time, with their units: of its measure, else of its heads."""
    if measure:
        units = measure.get("units", {})
        return {name: (value, units.get(name, measure["unit"])) for name, value in measure["values"].items()}
    if frame.get("class"):
        return {name: (value, "ratio") for name, value in frame["class"]["probabilities"].items()}
    if frame.get("instances") is not None:
        return {"instances": (len(frame["instances"]), "")}
    return {}


def _append(column: "array[float]", count: int, value: float | None) -> None:
    """Append the value of frame `count` to a column that lacks the frames since its last value."""
    column.extend([math.nan] * (count - len(column)))
    column.append(math.nan if value is None else value)  # what 32 bits cannot hold becomes infinite: shown as a gap


def _filled(column: "array[float]", count: int) -> Shaped[np.ndarray, " T"]:
    return np.pad(np.array(column), (0, count - len(column)), constant_values=np.nan)


def _head(result: Path, stream: BinaryIO) -> bytes:
    """Return the bytes of a result up to the first frame."""
    head = b""
    for line in stream:
        head += line
        if line.rstrip().endswith(_FRAMES):
            return head
    raise UserError(f"{result}: holds no list of frames with a line for each; measure its file again")


def _frame_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the first byte and the content of each frame's line, and leave the stream behind the last of them."""
    start = stream.tell()
    while (line := stream.readline()) and not line.lstrip().startswith(_END):
        yield start, line
        start = stream.tell()
    stream.seek(start)


def _packed(header: dict[str, Any], columns: dict[str, Shaped[np.ndarray, " T"]]) -> bytes:
    parts, places, offset = [], [], 0
    for name, column in columns.items():
        data = column.astype(column.dtype.newbyteorder("<")).tobytes()
        places.append({"name": name, "type": f"{column.dtype.kind}{column.dtype.itemsize}", "offset": offset})
        parts.append(data.ljust(_up(len(data)), b"\0"))
        offset += len(parts[-1])
    header = header | {"frames": len(columns["time_s"]), "columns": places}
    text = json.dumps(header, ensure_ascii=False).encode()
    text = text.ljust(_up(len(text) + 4) - 4)
    return len(text).to_bytes(4, "little") + text + b"".join(parts)


def _up(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED


def _beside(result: Path, suffix: str) -> Path:
    return result.with_name(f".{result.stem}{suffix}")
