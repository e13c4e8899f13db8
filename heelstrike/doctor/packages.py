"""Checks of Python and of the packages against the ranges that Heelstrike states."""

import platform
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata

from heelstrike.doctor.findings import Finding, fault, ok, warning

_PYTHON = (3, 11)
_UPDATE = "pip install --upgrade heelstrike"


def check_packages() -> Iterator[Finding]:
    """Check Python, and the packages against the metadata of the installed library."""
    yield from check_python()
    try:
        stated = metadata.requires("heelstrike") or []
    except metadata.PackageNotFoundError:
        yield warning("packages", "heelstrike is imported from a folder and not installed", "pip install it")
        return
    yield from compare(stated, _UPDATE)


def check_python() -> Iterator[Finding]:
    """Check the version of Python."""
    version = f"{platform.python_version()} in {sys.prefix}"
    if sys.version_info < _PYTHON:
        yield fault("python", version, f"use Python {'.'.join(map(str, _PYTHON))} or newer")
    else:
        yield ok("python", version)


def compare(stated: Iterable[str], advice: str) -> Iterator[Finding]:
    """Compare the installed packages with requirements.

    Args:
        stated: Requirements such as `numpy>=2.1,<3`; those whose marker does not hold here are left out.
        advice: The command that puts the packages right.
    """
    from packaging.requirements import Requirement  # ONNX Runtime needs it, so it is in every environment

    matching, wrong = 0, 0
    for requirement in map(Requirement, stated):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong += 1
            yield fault("packages", f"{requirement.name} is not installed", advice)
            continue
        if requirement.specifier.contains(version, prereleases=True):
            matching += 1
        else:
            wrong += 1
            yield fault("packages", f"{requirement.name} {version}, expected {requirement.specifier}", advice)
    if not wrong:
        yield ok("packages", f"{matching} packages are in the stated ranges")
