"""The description of a retrain's run, as the MLflow UI shows it: verdict, headline numbers, data, commit."""

from collections.abc import Sequence

from pipeline.heads import HEADS
from pipeline.layout import Layout
from pipeline.markdown import table_row
from pipeline.scoring.format import number
from pipeline.scoring.score import SCORES, Score, read_scores
from pipeline.tracking.lineage import lineage_tags
from pipeline.tracking.results import MORE, headlines, numbers, read_json, read_metrics, split_sizes
from pipeline.tracking.tags import GIT_TAG


def describe_retrain(layout: Layout, verdict: str) -> str:
    """Return the description as Markdown.

    Args:
        layout: The problem, whose stages have run.
        verdict: What became of the candidate and why, in a sentence.
    """
    settings = read_json(layout.out("train") / "settings.json")["model"]
    model = ", ".join(f"{key} {value}" for key, value in settings.items() if key != "name")
    scores = headlines(read_scores(layout.out("evaluate") / SCORES))
    listed = {name for head in HEADS.values() for name in head.headlines}  # all are metrics of the run
    further = [(name, value) for name, value in numbers(read_metrics(layout)) if name.split("/")[-1] in listed]
    lines = [
        f"**{verdict}**",
        "",
        f"{headline(list(scores.values()))} {about_data(layout)}",
        "",
        "| headline number on the test split | | |",
        "| --- | --- | --- |",
        *(
            table_row(name, number(score.value, score.unit), f"{score.title}: {score.pooling}")
            for name, score in scores.items()
        ),
        "",
        f"Network `{settings['name']}` ({model}).",
        "",
        "| more | |",
        "| --- | --- |",
        *(table_row(f"{MORE}/test/{name}", f"{value:.4g}") for name, value in further),
        "",
        "Report: artifact `evaluation/report.html`. Search: artifact `search/figures.html`, and the runs nested below.",
    ]
    return "\n".join(lines)


def headline(scores: Sequence[Score]) -> str:
    """Return the first score in a sentence, for instance `RMSE 0.79 px on the test split.`; empty without scores."""
    return f"{scores[0]} on the test split." if scores else ""


def about_data(layout: Layout) -> str:
    """Return in a sentence on which data and commit the present outputs were made."""
    tags = lineage_tags(layout)
    sizes = ", ".join(f"{count} {name}" for name, count in split_sizes(layout).items()) or "an unknown number of"
    data = tags.get("dvc.collect", "")[:10] or "unknown"
    return f"Data {data} ({sizes} images), commit {tags[GIT_TAG]}."
