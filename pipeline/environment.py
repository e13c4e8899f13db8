"""The packages of a Python environment, by name and version."""

import os
import platform
import re
import sys
from collections.abc import Mapping
from pathlib import Path

PYTHON = "python"
"""The name under which the interpreter is listed."""

_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;#]+)", re.MULTILINE)


def installed() -> dict[str, str]:
    """Return the version of every package that is installed here, by its normalized name, and that of Python.

    They are read from the names of the `.dist-info` folders (the wheel format states them), since opening the metadata
    of some hundred packages takes a second.
    """
    packages: dict[str, str] = {}
    for folder in filter(os.path.isdir, sys.path):
        for found in Path(folder).glob("*.dist-info"):
            name, _, version = found.stem.partition("-")
            packages.setdefault(normalized(name), version)
    return {PYTHON: platform.python_version(), **dict(sorted(packages.items()))}


def pinned(text: str) -> dict[str, str]:
    """Return the versions that a file of `NAME==VERSION` lines pins, such as requirements.txt, by normalized name."""
    return {normalized(name): version for name, version in _PINNED.findall(text)}


def as_requirements(packages: Mapping[str, str]) -> str:
    """Return packages as lines that `pinned` reads."""
    return "".join(f"{name}=={version}\n" for name, version in packages.items())


def normalized(name: str) -> str:
    """Return the name of a package as indexes compare it: `Great_Expectations` is `great-expectations` (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
