"""Measuring single images that come with requests."""

import importlib.metadata
import io
import logging
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path

import numpy as np
from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from heelstrike.errors import UserError
from heelstrike.images import Picture, decode_picture, read_picture
from heelstrike.media import KNOWN
from heelstrike.monitor.watch import Watch
from heelstrike.package.image import ArrayImage, Pixels
from heelstrike.package.manifest import Manifest
from heelstrike.package.runtime import Package
from heelstrike.predict.frames import FrameResult, Source
from heelstrike.predict.measurer import About, Measurer
from heelstrike.predict.results import ModelReference, ResultWriter
from heelstrike.predict.summary import Summary
from heelstrike.serve.content import HEAD_BYTES, kind_by_content
from heelstrike.serve.listing import KnownVersion
from heelstrike.serve.models import ModelStore
from heelstrike.serve.problems import RequestError

_MOST_WAITING = 32
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MeasuredPicture:
    """The result of an image.

    Attributes:
        json: The result, as `heelstrike predict` writes it.
        network_s: Seconds that the network and the measure took.
    """

    json: str
    network_s: float


class Pictures:
    """Measures images one after the other, each on all cores. Requests that wait take no thread.

    Args:
        models: The models that are served.
        records: Folder of a small record of each image; `None` to write none.
    """

    def __init__(self, models: ModelStore, records: Path | None = None) -> None:
        self._models, self._records = models, records
        self._one_at_a_time, self._waiting = CapacityLimiter(1), 0

    async def measure(self, version: KnownVersion, data: bytes, about: About) -> MeasuredPicture:
        """Measure an image.

        Args:
            version: The version to measure with.
            data: The bytes of the image's file.
            about: What is known about the image.

        Raises:
            RequestError: The bytes are no image, or too many images are waiting.
            UserError: The image cannot be read, or the package must know more about it.
        """
        if self._waiting >= _MOST_WAITING:
            raise RequestError(
                HTTPStatus.SERVICE_UNAVAILABLE, f"{_MOST_WAITING} images are waiting; try again", Retry_After="1"
            )
        self._waiting += 1
        try:
            package = await run_sync(self._models.package, version)
            measure = partial(_measured, package, version, data, about, self._records)
            return await run_sync(measure, limiter=self._one_at_a_time)
        finally:
            self._waiting -= 1


def _measured(
    package: Package, version: KnownVersion, data: bytes, about: About, records: Path | None
) -> MeasuredPicture:
    measurer = Measurer(package, about)
    picture = _read(data)
    start = time.perf_counter()
    result = measurer.image(picture.image, picture.mm_per_px)
    network_s = time.perf_counter() - start
    height, width = picture.image.shape[:2]
    source = Source("image", "image", width, height, None, about.scale(picture.mm_per_px))
    model = ModelReference(version.reference, None if version.number is None else str(version.number))
    text = io.StringIO()
    heelstrike = importlib.metadata.version("heelstrike")
    with ResultWriter(text, None, source, model, package.manifest, measurer.measure, heelstrike) as writer:
        writer.add(result)
    if records is not None:
        answered = _Answered(package.manifest, model.version, about, source, result, writer.summary, picture.image)
        reason = _note(records, data, answered)
        if reason:
            _log.warning("an image: %s", reason)
    return MeasuredPicture(text.getvalue(), network_s)


@dataclass(frozen=True)
class _Answered:
    """An image that was measured, as its record needs it."""

    manifest: Manifest
    version: str | None
    about: About
    source: Source
    result: FrameResult
    summary: Summary
    image: Pixels


def _note(records: Path, data: bytes, answered: _Answered) -> str:
    """Write the record of an image; return why it cannot be written, or an empty string."""
    try:
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            path, watch = Path(file.name), Watch(records)
            noted = watch.begin(path, answered.manifest, answered.version, answered.about)
            noted.add(ArrayImage(answered.image), answered.result)
            return noted.end(answered.source, answered.summary)
    except (UserError, OSError) as error:
        return str(error)


def _read(data: bytes) -> Picture:
    content = kind_by_content(data[:HEAD_BYTES], "image")
    if content is None or content[0] == "video":
        raise RequestError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"the body is no image that can be read; known types are {KNOWN}"
        )
    if content[0] == "image":
        return decode_picture(Path("the image"), np.frombuffer(data, np.uint8))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"image{content[1]}"
        path.write_bytes(data)
        try:
            return read_picture(path)
        except UserError as error:
            raise UserError(str(error).replace(str(path), "the image")) from None
