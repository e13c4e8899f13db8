"""The packages of a Python environment, by name and version."""

import platform
import re
from collections.abc import Mapping
from importlib.metadata import distributions

PYTHON = "python"
"""The name under which the interpreter is listed."""

_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;#]+)", re.MULTILINE)


def installed() -> dict[str, str]:
    """Return the version of every package that is installed here, by its normalized name, and that of Python."""
    names = ((found.metadata["Name"], found.version) for found in distributions())
    packages = {normalized(name): version for name, version in names if name}
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
