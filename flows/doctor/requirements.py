"""Checks of the operator's environment against pyproject.toml and requirements.txt."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from heelstrike.doctor.findings import Finding, ok, warning
from heelstrike.doctor.packages import check_python, compare
from pipeline.environment import installed, pinned

_ADVICE = "python3 -m flows.setup"
_MOST = 5


def check_requirements(root: Path) -> Iterator[Finding]:
    """Check Python, the ranges of pyproject.toml with those of its extra `operator`, and the pins of requirements.txt.

    Args:
        root: Root of the checkout.
    """
    yield from check_python()
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    yield from compare([*project["dependencies"], *project["optional-dependencies"]["operator"]], _ADVICE)
    yield _pins(pinned((root / "requirements.txt").read_text()), installed())


def _pins(expected: dict[str, str], present: dict[str, str]) -> Finding:
    """Compare the packages that are pinned; those that are not installed belong to extras, or `compare` names them."""
    others = [
        f"{name} {present[name]} instead of {version}"
        for name, version in expected.items()
        if name in present and present[name] != version
    ]
    if not others:
        return ok("packages", "as requirements.txt pins them")
    more = f" and {len(others) - _MOST} more" if len(others) > _MOST else ""
    return warning(
        "packages",
        f"{', '.join(others[:_MOST])}{more}",
        f"{_ADVICE} installs what requirements.txt pins",
    )
