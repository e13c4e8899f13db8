"""The versions that a reviewer names: by number, by alias, or by the MLflow run that made them."""

import re

from heelstrike.errors import UserError
from heelstrike.registry.client import find_version
from heelstrike.registry.versions import Reference, Version
from pipeline.registry.store import Registry

_RUN = re.compile("[0-9a-f]{8,32}")


def version_named(registry: Registry, text: str) -> Version:
    """Return the version that a text names.

    Args:
        registry: The registry of the problem.
        text: `3`, `champion`, `rearfoot/3`, `rearfoot@champion`, or the id of an MLflow run, at least its first eight
            digits.

    Raises:
        UserError: There is no such version, or it is of another problem.
    """
    if _RUN.fullmatch(text) and not text.isdecimal():
        return _of_run(registry, text)
    full = text if "/" in text or "@" in text or text == registry.problem else _completed(registry.problem, text)
    reference = Reference.parse(full)
    if reference.name != registry.problem:
        raise UserError(f"{text}: of another problem than {registry.problem}; only versions of one problem compare")
    return find_version(registry.reader, reference)


def is_reference(text: str, registry: Registry) -> bool:
    """Return True if a text names a version: by `NAME/3`, `NAME@alias`, a number, an alias, or a run of a version."""
    name, separator, rest = text.partition("/")
    if separator:
        return name == registry.problem and rest.isdecimal()
    if "@" in text or text == registry.problem or text in registry.aliases():
        return True
    if _RUN.fullmatch(text) and not text.isdecimal():
        return any((version.run_id or "").startswith(text) for version in registry.versions())
    return text.isdecimal() and len(text) < 6


def problem_of(*texts: str) -> str:
    """Return the problem that the first of these references names; empty if they name none."""
    named = (re.fullmatch(r"([\w-]+)(@[\w-]+|/\d+)", text) for text in texts)
    return next((match[1] for match in named if match), "")


def _completed(problem: str, text: str) -> str:
    return f"{problem}/{text}" if text.isdecimal() else f"{problem}@{text}"


def _of_run(registry: Registry, run_id: str) -> Version:
    versions = [version for version in registry.versions() if (version.run_id or "").startswith(run_id)]
    if not versions:
        raise UserError(
            f"{run_id}: no version of {registry.problem} was made by a run of this id; `heelstrike history "
            f"{registry.problem}` lists the versions"
        )
    return versions[-1]
