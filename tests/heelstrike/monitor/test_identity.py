"""The salt of a folder of records, whoever makes it and wherever the folder is."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from heelstrike.monitor.identity import SALT, salt_of


def refuse_links(*paths: object) -> None:
    raise OSError(errno.EPERM, "a file system without hard links")


@pytest.mark.parametrize("links", [True, False])
def test_processes_that_start_at_once_have_one_salt(
    links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", refuse_links)
    together = Barrier(8)

    def start(folder: Path) -> bytes:
        together.wait()
        return salt_of(folder)

    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            folder = tmp_path / str(number)
            salts = set(pool.map(start, [folder] * 8))
            assert salts == {(folder / SALT).read_bytes()}
            assert [path.name for path in folder.iterdir()] == [SALT]
