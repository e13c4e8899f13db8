"""The dossier as one HTML file that needs no other: text, tables, and the bill of materials as JSON inside."""

import html
import json
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from heelstrike.clock import utc_now
from heelstrike.files import write_aside
from pipeline.markdown import table_row
from pipeline.params import ProblemParams
from pipeline.registry.dossier.bill import bill_of_materials
from pipeline.registry.dossier.facts import collect_facts
from pipeline.registry.dossier.sections import sections

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2933; max-width: 75em; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; display: block; overflow-x: auto; font-size: 13px; margin: 1em 0 }
td, th { border: 1px solid #d9dee4; padding: .25em .6em; text-align: left; vertical-align: top }
h2 { border-bottom: 2px solid #d9dee4; margin-top: 2em }
@media print { table { display: table } h2 { break-after: avoid } }
"""


def write_dossier(root: Path, problem: str, number: int, params: ProblemParams, path: Path) -> None:
    """Write the dossier of a version.

    Args:
        root: The repository root.
        problem: Name of the registered model.
        number: Number of the version.
        params: The problem's params of today, for the monitoring plan.
        path: The HTML file to write.

    Raises:
        UserError: There is no such version, its package is damaged or gone, or the store does not answer.
    """
    facts, time = collect_facts(root, problem, number), utc_now()
    bill = bill_of_materials(problem, str(number), facts.version.package, time)
    text = f"{sections(facts, params)}\n\n{_environment(bill, time)}"
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    # `<` would let a text of others end the element that holds the JSON
    inside = json.dumps(bill, indent=1).replace("<", "\\u003c")
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>Dossier of {html.escape(facts.version.reference)}</title><style>{_STYLE}</style></head>\n"
        f'<body>\n{body}\n<script type="application/vnd.cyclonedx+json" id="bill-of-materials">\n{inside}\n</script>\n'
        "</body></html>\n"
    )
    with write_aside(path) as aside:
        aside.write_text(page, encoding="utf-8")


def _environment(bill: dict[str, Any], time: str) -> str:
    rows = [
        table_row(part["name"], part["version"], *(entry["license"]["name"] for entry in part.get("licenses", [])[:1]))
        for part in bill["components"]
    ]
    return "\n".join(
        [
            "## Environment: software bill of materials",
            "",
            f"The Python packages of the environment that wrote this document ({time[:16].replace('T', ' ')} UTC). The "
            "training's own are pinned by requirements.txt of the git commit above. The same list is in this file as "
            "CycloneDX 1.6 JSON: the element `bill-of-materials`.",
            "",
            "| package | version | licence |",
            "| --- | --- | --- |",
            *rows,
        ]
    )
