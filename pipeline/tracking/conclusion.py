"""The end of a retrain in MLflow: what became of the candidate stands in the run's name, tags and description."""

import re
from collections.abc import Mapping
from html import escape
from typing import NamedTuple

from pipeline.layout import Layout
from pipeline.scoring.format import number
from pipeline.scoring.score import SCORES, read_scores
from pipeline.tracking.lineage import lineage_tags
from pipeline.tracking.note import about_data, describe_retrain
from pipeline.tracking.run import Run
from pipeline.tracking.tags import NOTE_TAG, VERDICT_TAG, VERSION_TAG

REPORT = "report.html"
_ABOUT = re.compile(r'<p class="muted" id="about">.*?</p>\n')  # what the stage says in its stead


class Conclusion(NamedTuple):
    """What became of a candidate.

    Attributes:
        version: Number of its version.
        verdict: One word, for instance `promoted` or `refused`.
        why: The reason in one line.
        numbers: Numbers of the decision that are headline metrics, by name.
    """

    version: int
    verdict: str
    why: str
    numbers: Mapping[str, float]


def conclude(layout: Layout, run: Run, conclusion: Conclusion) -> None:
    """Write the conclusion into the run, and the version into its report.

    The run's name begins with version and verdict, since the UI's list cuts names after about 18 letters.
    """
    scores = read_scores(layout.out("evaluate") / SCORES)
    error = f" · {number(scores[0].value, scores[0].unit)}" if scores else ""
    data = lineage_tags(layout).get("dvc.collect", "")[:6]
    run.rename(f"v{conclusion.version} {conclusion.verdict}{error}{f' · data {data}' if data else ''}")
    sentence = f"Version {conclusion.version} {conclusion.verdict}: {conclusion.why}"
    tags = {VERDICT_TAG: conclusion.verdict, VERSION_TAG: str(conclusion.version)}
    run.set_tags(tags | {NOTE_TAG: describe_retrain(layout, sentence)})
    run.log_metrics([dict(conclusion.numbers)])
    _log_report(layout, run, sentence)


def _log_report(layout: Layout, run: Run, sentence: str) -> None:
    """Log the report once more; below its title it says version, commit and data, which the stage did not know."""
    page = (layout.out("evaluate") / REPORT).read_text()
    line = f'<p class="muted">{escape(layout.problem)}. {escape(sentence)}. {escape(about_data(layout))}</p>'
    title, _, rest = page.partition("</h1>\n")
    text = f"{title}</h1>\n{line}\n{_ABOUT.sub('', rest, count=1)}"
    run.client.log_text(run.run_id, text, f"evaluation/{REPORT}")
