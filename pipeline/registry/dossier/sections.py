"""The sections of the dossier, as Markdown."""

import re
from collections.abc import Mapping

from pipeline.markdown import table_row
from pipeline.params import ProblemParams
from pipeline.registry.dossier.facts import Facts
from pipeline.tracking.tags import COMMIT_TAG, WEIGHTS_TAG

_HEADING = re.compile(r"^#", re.MULTILINE)
_WORST = 10
_BESIDE = ("slice", "value", "images", "subjects")


def sections(facts: Facts, params: ProblemParams) -> str:
    """All sections but the bill of materials."""
    parts = (
        _summary(facts),
        f"## Purpose, data, results and limits: the model card\n\n{_HEADING.sub('###', facts.card)}",
        _results(facts),
        _slices(facts),
        _failures(facts),
        _comparison(facts),
        _people(facts),
        _monitoring(facts, params),
        _method(facts),
        _digests(facts),
    )
    return "\n\n".join(parts)


def _summary(facts: Facts) -> str:
    decision = facts.decision
    state = "the champion, which consumers pull" if facts.is_champion else "not the champion"
    judged = decision.verdict if decision else "It was not judged by the gates."
    return f"# {facts.version.reference}\n\nThis version is {state}. {judged}"


def _results(facts: Facts) -> str:
    metrics = facts.manifest.metrics
    rows = [
        table_row(name, f"{metrics[name]:.4g}", f"{metrics[f'{name}_low']:.4g} to {metrics[f'{name}_high']:.4g}")
        for name in sorted(metrics)
        if f"{name}_low" in metrics and f"{name}_high" in metrics
    ]
    text = "95 % intervals by resampling whole people of the test split."
    return _section("Results with intervals", text, ("metric", "value", "interval"), rows)


def _slices(facts: Facts) -> str:
    names = _metrics_of(facts)
    table = []
    for row in facts.slices:
        if row["slice"] not in ("all", "subject"):
            cells = [_cell(row, name) for name in names]
            table.append(table_row(f"{row['slice']}={row['value']}", row["subjects"], row["images"], *cells))
    text = "Test people and images of each slice, with 95 % intervals, which are wide where there are few people."
    return _section("Slices", text, ("slice", "people", "images", *names), table)


def _failures(facts: Facts) -> str:
    names = _metrics_of(facts)
    people = [row for row in facts.slices if row["slice"] == "subject" and names and row[names[0]]]
    people.sort(key=lambda row: float(row[names[0]]), reverse=True)
    rows = [table_row(row["value"], row["images"], *(_cell(row, name) for name in names)) for row in people[:_WORST]]
    text = "The test people with the largest errors. The card's section Limits says where the model must not be used."
    return _section("Known failures", text, ("person", "images", *names), rows)


def _comparison(facts: Facts) -> str:
    lines = ["## Gates, and comparison with the champion before it", ""]
    lines.append(facts.decision.markdown() if facts.decision else "It was not judged.")
    for entry in facts.comparisons:
        lines += [
            "",
            f"- Judged {_minute(entry.time)} UTC: confidence {entry.confidence:.6f}, needed {entry.needed:.6f} after "
            f"{entry.uses:g} uses of the same test people.",
        ]
    return "\n".join(lines)


def _people(facts: Facts) -> str:
    rows = [
        table_row(_minute(event.time), event.kind, event.by, event.why, event.evidence[:16]) for event in facts.events
    ]
    text = "What happened to the version, who did it and why. Evidence is the start of the decision's SHA-256."
    return _section("Approvals and history", text, ("time (UTC)", "what", "who", "why", "evidence"), rows)


def _monitoring(facts: Facts, params: ProblemParams) -> str:
    gates, manifest = params.gates, facts.manifest
    limits = {
        "largest error of a candidate (gates.max_error)": gates.max_error,
        "largest median error of the measurement (gates.max_measure_error)": gates.max_measure_error,
        "confidence below which a keypoint counts as missing": manifest.confidence,
        "radius beyond which a frame is not reliable, px": manifest.max_radius_px,
        "people who have to approve a candidate": gates.approvers if gates.approval else None,
    }
    rows = [table_row(name, "no limit" if value is None else f"{value:g}") for name, value in limits.items()]
    text = (
        "A retrain judges the champion again on the test people of that day. Consumers' results name unmeasured and "
        "unreliable frames with the reason, and write a record of each video if asked to (`predict --record`); "
        f"`heelstrike monitor {facts.version.problem}` compares these records with the test people, and without drift "
        "reports at most 1 % of windows. "
        f"`heelstrike rollback {facts.version.problem}` goes back to the champion before."
    )
    return _section("Monitoring plan", text, ("limit", "value"), rows)


def _method(facts: Facts) -> str:
    return _section("Method", "Settings of the training.", ("setting", "value"), _rows(facts.params))


def _digests(facts: Facts) -> str:
    made = {key: value for key, value in facts.tags.items() if key == COMMIT_TAG or key.startswith("dvc.")}
    known = {
        "package": facts.version.package,
        **{f"package/{name}": file.sha256 for name, file in facts.manifest.files.items()},
        "weights": facts.version.tags.get(WEIGHTS_TAG, "unknown"),
        "decision": facts.decision.evidence if facts.decision else "none",
        "comparison page": (facts.decision and facts.decision.comparison_page) or "none",
        "test split": facts.decision.test_split if facts.decision else "unknown",
    }
    text = "SHA-256 of files, the git commit, and DVC's digests of data and outputs (`dvc.*`)."
    return _section("Digests", text, ("what", "digest"), _rows(known | made))


def _section(title: str, text: str, header: tuple[str, ...], rows: list[str]) -> str:
    if not rows:
        return f"## {title}\n\n{text} Nothing is recorded."
    rule = f"|{' --- |' * len(header)}"
    return "\n".join([f"## {title}", "", text, "", table_row(*header), rule, *rows])


def _rows(values: Mapping[str, str]) -> list[str]:
    return [table_row(name, value) for name, value in sorted(values.items())]


def _metrics_of(facts: Facts) -> list[str]:
    """Columns of the table of slices that have an interval."""
    columns = facts.slices[0] if facts.slices else {}
    return [name for name in columns if name not in _BESIDE and f"{name}_low" in columns]


def _cell(row: Mapping[str, str], name: str) -> str:
    values = [row[name], row[f"{name}_low"], row[f"{name}_high"]]
    if not all(values):
        return ""
    value, low, high = (f"{float(text):.3g}" for text in values)
    return f"{value} ({low} to {high})"


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")
