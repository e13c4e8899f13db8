"""Reviewers' notes on comparisons: `reviews/PROBLEM/VERSION.json` in the data folder."""

import secrets
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from heelstrike.clock import utc_now
from heelstrike.errors import UserError, one_line
from heelstrike.files import write_json
from heelstrike.serve.accounts import User
from heelstrike.serve.problems import RequestError, missing
from heelstrike.serve.records import Record
from heelstrike.serve.roles import Role

_MOST = 1000  # notes on a version


class Note(Record):
    """A note on one image of a comparison, or on the whole."""

    id: str
    page: Annotated[str, Field(description="SHA-256 of the page that the note is about")]
    image: Annotated[str, Field(description="the image; empty for a note on the whole comparison")] = ""
    text: str
    by: Annotated[str | None, Field(description="user who wrote it; null without accounts")] = None
    by_id: Annotated[str | None, Field(description="tells that user from a later one of the same name")] = None
    time: Annotated[str, Field(description="UTC")]

    def says_as(self, other: "Note") -> bool:
        """Return True if another note of the same user says the same about the same."""
        mine, theirs = ((note.page, note.image, note.text, note.by, note.by_id) for note in (self, other))
        return mine == theirs

    def removable_by(self, user: User, users: Iterable[User]) -> bool:
        """Return True if a user wrote this note, or if there are no accounts.

        What a removed user has left, and what was written without accounts, is the administrators'.

        Args:
            user: Who asks.
            users: Today's users.
        """
        if user.name is None or self.by_id == user.id:
            return True
        return user.role is Role.ADMINISTRATOR and self.by_id not in {each.id for each in users}


class Notes(Record):
    """All notes on a version, the oldest first."""

    notes: tuple[Note, ...] = ()


class NoteStore:
    """The notes of a data folder.

    Args:
        data: The data folder.
    """

    def __init__(self, data: Path) -> None:
        self._root, self._lock = data / "reviews", threading.Lock()

    def of(self, problem: str, version: int) -> tuple[Note, ...]:
        """Return the notes on a version, the oldest first.

        Raises:
            UserError: The file is damaged.
        """
        file = self._file(problem, version)
        try:
            return Notes.model_validate_json(file.read_bytes()).notes
        except FileNotFoundError:
            return ()
        except ValidationError as error:
            raise UserError(f"{file}: damaged ({one_line(error)}); restore it from a copy, or move it away") from None

    def add(self, problem: str, version: int, page: str, image: str, text: str, by: User) -> Note:
        """Add a note and return it. A note that is sent again, since its answer was lost, is there once.

        Raises:
            RequestError: The version has too many notes.
        """
        note = Note(
            id=secrets.token_hex(8),
            page=page,
            image=image,
            text=text,
            by=by.name,
            by_id=by.id or None,
            time=utc_now(),
        )
        with self._lock:
            notes = self.of(problem, version)
            if notes and notes[-1].says_as(note):
                return notes[-1]
            if len(notes) >= _MOST:
                raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, f"{_MOST} notes are on this version; delete some")
            self._write(problem, version, (*notes, note))
        return note

    def remove(self, problem: str, version: int, note: str, may: Callable[[Note], bool]) -> None:
        """Remove a note.

        Args:
            problem: The problem.
            version: Number of the version.
            note: Id of the note.
            may: Returns True if it may be removed.

        Raises:
            RequestError: There is no such note, or it may not be removed.
        """
        with self._lock:
            notes = self.of(problem, version)
            found = next((each for each in notes if each.id == note), None)
            if found is None:
                raise missing("note")
            if not may(found):
                raise RequestError(HTTPStatus.FORBIDDEN, f"{found.by or 'somebody else'} wrote this note")
            self._write(problem, version, tuple(each for each in notes if each.id != note))

    def _file(self, problem: str, version: int) -> Path:
        return self._root / problem / f"{version}.json"

    def _write(self, problem: str, version: int, notes: tuple[Note, ...]) -> None:
        write_json(self._file(problem, version), Notes(notes=notes).model_dump(mode="json"))
