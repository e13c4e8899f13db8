"""What an ingest says of the files that it has left: first what stopped it, once, then how many files wait for it."""

from dataclasses import asdict

from flows.ingest import Ingested
from heelstrike.files import write_json
from pipeline.layout import Layout

_MAX_REASONS = 20
_MAX_NAMES = 3


def lines_about_left(layout: Layout, ingested: Ingested) -> list[str]:
    """Return the lines for the terminal; the full list is written to `.work/PROBLEM/ingest.json`.

    Files with the same reason share a line. The files that only wait for others are counted, not listed.
    """
    report = layout.root / ".work" / layout.problem / "ingest.json"
    write_json(report, asdict(ingested))
    by_reason = dict[str, list[str]]()
    for name, reason in sorted(ingested.rejected.items()):
        by_reason.setdefault(reason, []).append(name)
    lines = [f"{_some(names)} left in the inbox: {reason}" for reason, names in by_reason.items()]
    if len(lines) > _MAX_REASONS:
        lines = [*lines[:_MAX_REASONS], f"and {len(lines) - _MAX_REASONS} more"]
    if ingested.unfinished:
        lines.append(f"{_some(ingested.unfinished)} still being written; the next ingest takes what is finished")
    if ingested.waiting:
        lines.append(_line_of_waiting(ingested))
    lines += _lines_of_versioned(ingested)
    listed = max((len(names) for names in by_reason.values()), default=0) <= _MAX_NAMES >= len(ingested.waiting)
    if lines and not (listed and len(by_reason) <= _MAX_REASONS):
        lines.append(f"the full list is in {report.relative_to(layout.root)}")
    return lines


def _line_of_waiting(ingested: Ingested) -> str:
    stopped = {*ingested.rejected, *ingested.unfinished}
    causes = {cause for names in ingested.waiting.values() for cause in names if cause in stopped}
    number = len(ingested.waiting)
    wait = "1 file waits" if number == 1 else f"{number} files wait"
    return f"{wait} for {'it' if len(causes) == 1 else 'them'}: {_names(sorted(ingested.waiting))}"


def _lines_of_versioned(ingested: Ingested) -> list[str]:
    lines = []
    for batch in sorted(set(ingested.versioned.values())):
        names = sorted(name for name, has in ingested.versioned.items() if has == batch)
        stay = set(names) & set(ingested.unremoved)
        lines.append(f"{_some(names)} in batch {batch} already{'' if stay else ', and removed from the inbox'}")
    by_reason = dict[str, list[str]]()
    for name, reason in sorted(ingested.unremoved.items()):
        if name not in ingested.versioned:
            by_reason.setdefault(reason, []).append(name)
    return lines + [f"{_some(names)} versioned, but not removed: {reason}" for reason, names in by_reason.items()]


def _some(names: list[str]) -> str:
    return f"{_names(names)} {'is' if len(names) == 1 else 'are'}"


def _names(names: list[str]) -> str:
    if len(names) <= _MAX_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[:_MAX_NAMES])} and {len(names) - _MAX_NAMES} more"
