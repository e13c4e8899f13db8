"""Uploads in parts, which go on after the client or the server was interrupted.

The protocol is that of tus 1.0 without its extensions: a client creates an upload of a stated size, sends bytes with
their offset, and after an interruption asks for the offset that the server has reached.

    uploads/ID.json   the record
    uploads/ID.part   the bytes that have arrived; its size is the offset
"""

import re
import secrets
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from anyio.to_thread import run_sync
from pydantic import Field

from heelstrike.clock import utc, utc_now
from heelstrike.errors import UserError
from heelstrike.files import file_digest, write_json
from heelstrike.media import KNOWN
from heelstrike.serve.bodies import in_pieces
from heelstrike.serve.content import HEAD_BYTES, kind_by_content, safe_name, unused_name
from heelstrike.serve.evaluations import EvaluationStore
from heelstrike.serve.problems import RequestError, missing
from heelstrike.serve.records import Evaluation, Kind, Record, StoredFile
from heelstrike.serve.settings import Limits
from heelstrike.video.reader import VideoReader

_ID = re.compile("[0-9a-f]{20}")


class Upload(Record):
    """An unfinished upload."""

    id: str
    evaluation: str
    name: Annotated[str, Field(description="name that the client gave")]
    size: Annotated[int, Field(description="bytes of the whole file")]
    sha256: Annotated[str | None, Field(description="SHA-256 that the client expects; null if it gave none")] = None
    created: Annotated[str, Field(description="UTC")]
    kind: Annotated[Kind | None, Field(description="what the content is; null before enough has arrived")] = None
    file: Annotated[str | None, Field(description="name that the file will have in the evaluation")] = None


class UploadStore:
    """All unfinished uploads.

    Args:
        evaluations: The evaluations that uploads belong to.
        limits: What one user may store.
    """

    def __init__(self, evaluations: EvaluationStore, limits: Limits) -> None:
        self._evaluations, self._limits = evaluations, limits
        self._lock, self._busy = threading.Lock(), set[str]()

    def of(self, evaluation: str) -> list[Upload]:
        """Return the unfinished uploads of an evaluation."""
        uploads = map(_read, sorted(self._folder(evaluation).glob("*.json")))
        return [upload for upload in uploads if upload is not None]

    def create(self, evaluation: Evaluation, name: str, size: int, sha256: str | None) -> Upload:
        """Begin an upload.

        Raises:
            RequestError: The file is empty or too large, or there are too many files already.
        """
        self._check(name, size)
        upload = Upload(
            id=secrets.token_hex(10),
            evaluation=evaluation.id,
            name=name,
            size=size,
            sha256=sha256,
            created=utc_now(),
        )
        with self._lock:
            if len(self._evaluations.get(evaluation.id).files) + len(self.of(evaluation.id)) >= self._limits.files:
                raise RequestError(
                    HTTPStatus.CONFLICT,
                    f"this evaluation has {self._limits.files} files, and no more are taken; make another evaluation",
                )
            self._part(upload).touch()
            self._write(upload)
        return upload

    def get(self, evaluation: str, upload: str) -> Upload:
        """Return an upload.

        Raises:
            RequestError: There is no such upload, or it is finished.
        """
        record = _read(self._folder(evaluation) / f"{upload}.json") if _ID.fullmatch(upload) else None
        if record is None:
            raise missing("upload")
        return record

    def offset(self, upload: Upload) -> int:
        """Return the number of bytes that have arrived."""
        return self._content(upload).stat().st_size

    def last_change(self, upload: Upload) -> str:
        """Return when bytes of an upload last arrived, in UTC."""
        return utc(self._content(upload).stat().st_mtime)

    async def append(self, upload: Upload, offset: int, pieces: AsyncIterator[bytes]) -> int:
        """Store bytes of an upload and return the offset that is reached then.

        A client that goes away leaves what it has sent.

        Raises:
            RequestError: The offset is another one than the server's, the content is nothing that can be measured,
                there are more bytes than were stated, or another request writes to this upload.
            OSError: The disk is full.
        """
        with self._claimed(upload):
            reached = self.offset(upload)
            if offset != reached:
                raise RequestError(
                    HTTPStatus.CONFLICT,
                    f"the upload has reached offset {reached}, but bytes for {offset} were sent",
                    Upload_Offset=str(reached),
                )
            async for piece in in_pieces(pieces):
                if reached + len(piece) > upload.size:
                    raise RequestError(
                        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than the stated {upload.size} bytes came"
                    )
                upload = await run_sync(self._store, upload, piece)
                reached += len(piece)
        return reached

    def finish(self, upload: Upload) -> StoredFile:
        """Make a file of the evaluation of an upload whose bytes have all arrived.

        Raises:
            RequestError: The bytes are not those that the client expects, or the file cannot be measured. The upload is
                deleted then.
        """
        with self._claimed(upload):
            upload = self.get(upload.evaluation, upload.id)
            content = self._content(upload)
            digest = file_digest(content)
            try:
                if upload.sha256 is not None and digest != upload.sha256.lower():
                    raise UserError(
                        f"{upload.name}: arrived damaged: SHA-256 {digest} found, {upload.sha256} expected; "
                        "send it again"
                    )
                frames = self._declared_frames(content, upload)
            except UserError as error:
                self._remove(upload)
                message = str(error).replace(str(content), upload.name)
                raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, message) from None
            return self._list(upload, content, digest, frames)

    def delete(self, upload: Upload) -> None:
        """Give up an upload and delete what has arrived."""
        with self._claimed(upload):
            self._remove(upload)

    def _check(self, name: str, size: int) -> None:
        if size == 0:
            raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, f"{name}: empty (0 bytes); copy it again")
        if size > self._limits.upload_bytes:
            raise RequestError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"{name}: {size} bytes, at most {self._limits.upload_bytes} are taken; cut it into shorter videos",
            )
        if self._evaluations.free_bytes() < size + self._limits.spare_bytes:
            raise RequestError(HTTPStatus.INSUFFICIENT_STORAGE, f"{name}: the server's disk is too full for it")

    def _list(self, upload: Upload, content: Path, digest: str, frames: int | None) -> StoredFile:
        """Move the content to the evaluation's files. After a kill in between, `finish` can be repeated."""
        assert upload.kind is not None
        assert upload.file is not None
        stored = StoredFile(
            name=upload.file, kind=upload.kind, bytes=upload.size, sha256=digest, uploaded=utc_now(), frames=frames
        )
        target = self._target(upload)
        target.parent.mkdir(exist_ok=True)
        if content != target:
            content.replace(target)
        self._evaluations.add(upload.evaluation, stored)
        self._record(upload).unlink()
        return stored

    def _declared_frames(self, content: Path, upload: Upload) -> int | None:
        """Return the number of frames that a video declares, and refuse one without pictures or with too many."""
        if upload.kind != "video":
            return None
        with VideoReader(content) as video:
            frames = video.declared_frames
        if frames is not None and frames > self._limits.frames:
            raise UserError(
                f"{upload.name}: has {frames} frames, at most {self._limits.frames} are taken; cut it into shorter "
                "videos"
            )
        return frames

    def _store(self, upload: Upload, piece: bytes) -> Upload:
        """Append bytes to the content, and return the upload with its kind as soon as it is known."""
        part = self._part(upload)
        if upload.kind is None:
            with part.open("rb") as stream:
                head = stream.read(HEAD_BYTES) + piece[:HEAD_BYTES]
            if len(head) >= HEAD_BYTES or part.stat().st_size + len(piece) == upload.size:
                upload = self._recognized(upload, head)
        with part.open("ab") as stream:
            stream.write(piece)
        return upload

    def _recognized(self, upload: Upload, head: bytes) -> Upload:
        content = kind_by_content(head, upload.name)
        if content is None:
            self._remove(upload)
            raise RequestError(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                f"{upload.name}: its content is no image or video that can be read; known types are {KNOWN}",
            )
        with self._lock:  # two uploads of the same name get different ones
            used = {*self._evaluations.get(upload.evaluation).files}
            used |= {other.file for other in self.of(upload.evaluation) if other.file}
            file = unused_name(safe_name(upload.name, *content), used)
            upload = upload.model_copy(update={"kind": content[0], "file": file})
            self._write(upload)
        return upload

    def _remove(self, upload: Upload) -> None:
        # after a kill in `_list` the content may be a file of the evaluation already
        if upload.file not in self._evaluations.get(upload.evaluation).files:
            self._content(upload).unlink(missing_ok=True)
        self._record(upload).unlink(missing_ok=True)

    @contextmanager
    def _claimed(self, upload: Upload) -> Iterator[None]:
        with self._lock:
            if upload.id in self._busy:
                raise RequestError(HTTPStatus.LOCKED, "another request writes to this upload; wait", Retry_After="1")
            self._busy.add(upload.id)
        try:
            yield
        finally:
            self._busy.discard(upload.id)

    def _write(self, upload: Upload) -> None:
        write_json(self._record(upload), upload.model_dump(mode="json"))

    def _content(self, upload: Upload) -> Path:
        """Return where the bytes are: a server that was killed may have moved them, but not listed the file."""
        part = self._part(upload)
        return part if part.exists() or upload.file is None else self._target(upload)

    def _target(self, upload: Upload) -> Path:
        assert upload.file is not None
        return self._evaluations.folder(upload.evaluation) / "files" / upload.file

    def _part(self, upload: Upload) -> Path:
        """Return the file of the bytes that have arrived. It has a known suffix only when it is finished."""
        return self._folder(upload.evaluation) / f"{upload.id}.part"

    def _record(self, upload: Upload) -> Path:
        return self._folder(upload.evaluation) / f"{upload.id}.json"

    def _folder(self, evaluation: str) -> Path:
        folder = self._evaluations.folder(evaluation) / "uploads"
        folder.mkdir(exist_ok=True)
        return folder


def _read(record: Path) -> Upload | None:
    """Return an upload from its record; `None` if it is finished, also by another request at this moment."""
    try:
        return Upload.model_validate_json(record.read_bytes())
    except FileNotFoundError:
        return None
