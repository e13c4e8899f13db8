"""Settings of the service, as `heelstrike serve` takes them."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from heelstrike.errors import UserError
from heelstrike.serve.roles import Role

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Names and addresses that only programs of this machine reach."""


def default_data_folder() -> Path:
    """Return HEELSTRIKE_DATA, else `heelstrike` in the user's folder for data of programs (XDG base directories)."""
    folder = os.environ.get("HEELSTRIKE_DATA")
    if folder:
        return Path(folder)
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "heelstrike"


@dataclass(frozen=True)
class Limits:
    """What one user may store.

    Attributes:
        upload_bytes: Largest size of one upload.
        files: Most files in one evaluation.
        frames: Longest video, in frames.
        picture_bytes: Largest image that `POST /api/predict` takes.
        spare_bytes: Free space that an upload leaves on the disk.
    """

    upload_bytes: int = 8 << 30
    files: int = 200
    frames: int = 250_000
    picture_bytes: int = 64 << 20
    spare_bytes: int = 256 << 20


@dataclass(frozen=True)
class Watching:
    """What is noted beside the results (docs/monitor.md).

    Attributes:
        folder: Folder of a small record of each input; `None` to write none.
        shadow: True to ask the challenger too, and to note in the folder what it answers differently.
    """

    folder: Path | None = None
    shadow: bool = False


@dataclass(frozen=True)
class ServeSettings:
    """Settings of the service.

    Attributes:
        data: Folder of all evaluations and accounts.
        models: Names of the registry's models to serve; empty means all that have a champion.
        package: A package folder to serve instead of the registry's models; `None` means the registry.
        root: Root of the checkout, for its embedded registry.
        offline: True to use the models that were last pulled, without asking the registry.
        refresh_s: Seconds between two questions to the registry.
        users: True if users have to log in.
        hosts: Names by which the service may be addressed besides those of the loopback interface.
        secure: True if browsers reach the service by HTTPS only, as behind a reverse proxy.
        keep_days: Days after which an evaluation is deleted; `None` means never.
        inbox: Folder that labels are handed over to, `data/inbox` of a checkout; `None` means that they are downloaded.
        label_roles: Roles that may label besides labellers and administrators.
        limits: What one user may store.
        watching: What is noted beside the results.
    """

    data: Path
    models: tuple[str, ...] = ()
    package: Path | None = None
    root: Path = field(default_factory=Path.cwd)
    offline: bool = False
    refresh_s: float = 20.0
    users: bool = False
    hosts: tuple[str, ...] = ()
    secure: bool = False
    keep_days: float | None = None
    inbox: Path | None = None
    label_roles: tuple[Role, ...] = ()
    limits: Limits = Limits()
    watching: Watching = Watching()


def watching_of(folder: Path | None, shadow: bool) -> Watching:
    """Return what is noted beside the results, from the options of the command.

    Raises:
        UserError: There is no folder for what the challenger answers differently.
    """
    if shadow and folder is None:
        raise UserError("--shadow needs a folder for what the challenger answers differently; give --record FOLDER")
    return Watching(folder and folder.resolve(), shadow)
