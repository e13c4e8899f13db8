"""The image file of a Label Studio task, which an export names by the address that Label Studio has it under."""

import re
import unicodedata
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from heelstrike.media import is_hidden, is_image
from pipeline.collect.findings import Findings

_UPLOAD = re.compile(r"^[0-9a-f]{8}-")  # prefix that Label Studio gives the name of an uploaded file


class TaskImages:
    """The images in a folder, to be found by the names that tasks give them.

    A name is tried as it is written, with its percent signs decoded, and without the prefix of an upload; last in any
    normal form of Unicode and in upper or lower case.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.files = folder, images_in(folder)
        self._by_key: dict[str, list[Path]] = {}
        for file in self.files:
            for key in {_key(file.name), _key(_UPLOAD.sub("", file.name))}:
                self._by_key.setdefault(key, []).append(file)

    def of(self, task: dict[str, Any], where: str, findings: Findings) -> Path | None:
        """Return the task's image, or `None`; a finding if its name fits several images."""
        names = [name for address in _addresses(task) for name in _names(address)]
        for name in names:
            file = self.folder / name
            if ".." not in PurePosixPath(name).parts and is_image(name) and file.is_file():
                return file
        for name in dict.fromkeys(PurePosixPath(name).name for name in names):
            for key in (_key(name), _key(_UPLOAD.sub("", name))):
                files = self._by_key.get(key, [])
                if len(files) > 1:
                    choice = " or ".join(sorted(file.name for file in files))
                    findings.add(
                        f"{where}: its image {name} could be {choice}; keep one of them, or name it as the task does"
                    )
                if files:
                    return files[0]
        return None


def images_in(folder: Path) -> list[Path]:
    """Return the images of a folder, sorted; hidden files are left out."""
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if is_image(p) and not is_hidden(p.name))


def name_of(task: dict[str, Any]) -> str:
    """Return the file name of a task's image, for messages."""
    return next((PurePosixPath(name).name for address in _addresses(task) for name in _names(address)), "")


def _addresses(task: dict[str, Any]) -> list[str]:
    """Return the addresses that may be the task's image; the name of the uploaded file comes first."""
    data = task.get("data")
    values = [value for value in data.values() if isinstance(value, str)] if isinstance(data, dict) else []
    image = data.get("image") if isinstance(data, dict) else None
    addresses = [task.get("file_upload"), image, *(v for v in values if any(is_image(name) for name in _names(v)))]
    return list(dict.fromkeys(str(address) for address in addresses if address)) or values[:1]


def _names(address: str) -> list[str]:
    """Return the paths that an address may name, those that keep its folders first.

    Some versions of Label Studio write names as they are, also with `?` and `#` in them, others with percent signs.
    """
    address = address.strip().replace("\\", "/")
    local = address.partition("?d=")[2]  # /data/local-files/?d=PATH
    if local:
        paths = [local, local.partition("&")[0], PurePosixPath(local).name]
    elif "://" in address or address.startswith("/data/"):
        ends = (address, address.partition("?")[0], address.partition("#")[0])
        paths = [PurePosixPath(end).name for end in ends]
    else:
        paths = [address.lstrip("/"), PurePosixPath(address).name]
    return list(dict.fromkeys(name for path in paths for name in (path, unquote(path)) if name))


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
