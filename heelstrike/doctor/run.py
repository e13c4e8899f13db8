"""The checks of `heelstrike doctor`, and their result as lines."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from rich.console import Console

from heelstrike.doctor.clock import check_clock
from heelstrike.doctor.codecs import check_codecs
from heelstrike.doctor.findings import Check, Level, examine
from heelstrike.doctor.folders import check_folder
from heelstrike.doctor.machine import check_machine
from heelstrike.doctor.packages import check_packages
from heelstrike.doctor.registry import check_registry
from heelstrike.serve.settings import default_data_folder
from heelstrike.stores import cache_folder
from heelstrike.text import plain

_STYLES: dict[Level, str] = {"ok": "green", "warning": "yellow", "fault": "red"}
_WIDTH = 10


def consumer_checks(root: Path) -> dict[str, Check]:
    """Return the checks of every environment by the subjects of their findings.

    Args:
        root: The working folder.
    """
    return {
        "processor": check_machine,
        "packages": check_packages,
        "codec": check_codecs,
        "clock": check_clock,
        "cache": partial(check_folder, "cache", cache_folder(), least_gb=1, advice="set HEELSTRIKE_CACHE"),
        "service": partial(check_folder, "service", default_data_folder(), least_gb=10, advice="set HEELSTRIKE_DATA"),
        "registry": partial(check_registry, root),
    }


def run(checks: dict[str, Check], console: Console) -> bool:
    """Run checks and print a line for each finding as it is made, then the sum.

    Returns:
        True if there is no fault.
    """
    levels = list[Level]()
    for finding in examine(checks):
        levels.append(finding.level)
        console.print(
            plain(finding.line(_WIDTH), "" if finding.level == "ok" else _STYLES[finding.level]), soft_wrap=True
        )
    console.print(plain(_sum(levels), _STYLES[_worst(levels)]))
    return "fault" not in levels


def _worst(levels: Iterable[Level]) -> Level:
    return max(levels, key=list(_STYLES).index, default="ok")


def _sum(levels: list[Level]) -> str:
    faults, warnings = levels.count("fault"), levels.count("warning")
    if not faults and not warnings:
        return "everything is as it should be"
    return f"{faults} {'fault' if faults == 1 else 'faults'}, {warnings} {'warning' if warnings == 1 else 'warnings'}"
