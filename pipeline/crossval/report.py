"""The report of a cross-validation as Markdown, JSON and a figure: pooled metrics with intervals, and each fold's."""

from pathlib import Path
from typing import Any

import numpy as np

from heelstrike.files import write_aside, write_json
from pipeline.crossval.run import Places, Validated
from pipeline.evaluate.summary import to_json
from pipeline.markdown import table_row
from pipeline.scoring.style import BLUE, FAINT, INK, figure, save
from pipeline.splits import TEST, Split

Headline = tuple[str, str]


def headlines(pooled: dict[str, dict[str, float]]) -> list[Headline]:
    """Return (group, name) of the metrics that are finite and have intervals."""
    return [
        (group, name)
        for group, values in pooled.items()
        for name, value in values.items()
        if f"{name}_low" in values and np.isfinite(value)
    ]


def write_report(validated: Validated, places: Places) -> list[Path]:
    """Write table.md, table.json, figure.png and per_image.parquet and return their paths."""
    pooled = validated.pooled.metrics
    folder, metrics = places.reports, headlines(pooled)
    files = [folder / name for name in ("table.md", "table.json", "figure.png", "per_image.parquet")]
    with write_aside(files[0]) as aside:
        aside.write_text("\n".join(_markdown(validated, places, metrics)) + "\n")
    folds = [
        {"fold": fold.number, "judged": fold.judged, "chosen_by": fold.chosen_by, "metrics": result["metrics"]}
        for fold, result in zip(validated.folds, validated.results, strict=True)
    ]
    write_json(files[1], {"pooled": to_json(pooled), "folds": folds})
    drawn = _draw(validated, metrics[0], files[2]) if metrics else False
    with write_aside(files[3]) as aside:
        validated.pooled.images.to_parquet(aside, index=False)
    return [path for path in files if drawn or path != files[2]]


def span(values: dict[str, float], name: str) -> str:
    """Format a metric with its interval as `2.1 (1.8 to 2.5)`."""
    return f"{values[name]:.4g} ({values[f'{name}_low']:.4g} to {values[f'{name}_high']:.4g})"


def _markdown(validated: Validated, places: Places, headline_metrics: list[Headline]) -> list[str]:
    pooled = validated.pooled.metrics
    images = pooled["images"]
    hours = sum(result["train_seconds"] for result in validated.results) / 3600
    lines = [
        f"# {places.layout.problem}: cross-validation, {places.name}",
        "",
        f"{images['count']} images of {images['subjects']} subjects of {_listed(validated.splits)}, each tested once, "
        f"with a network that was neither trained nor selected on its subject. {_about_test(validated.splits)} "
        f"Training took {hours:.2f} h in all.",
        "",
        "All folds together, 95 % intervals over subjects:",
        "",
        "| metric | value |",
        "| --- | --- |",
        *(table_row(f"{group}.{name}", span(pooled[group], name)) for group, name in headline_metrics),
        "",
        "Fold by fold:",
        "",
        table_row("fold", "images", "subjects", *(f"{group}.{name}" for group, name in headline_metrics)),
        "| --- " * (3 + len(headline_metrics)) + "|",
    ]
    for fold, result in zip(validated.folds, validated.results, strict=True):
        metrics, names = result["metrics"], ", ".join(fold.judged)
        subjects = names if len(fold.judged) <= 3 else str(len(fold.judged))
        cells = [_number(metrics.get(group, {}).get(name)) for group, name in headline_metrics]
        lines.append(table_row(fold.number, metrics["images"]["count"], subjects, *cells))
    return lines


def _listed(splits: tuple[Split, ...]) -> str:
    return " and ".join([", ".join(splits[:-1]), splits[-1]])


def _about_test(splits: tuple[Split, ...]) -> str:
    if TEST not in splits:
        return "The test split was not used."
    return "The test split is among them: settings chosen by these numbers have no test any more."


def _number(value: Any) -> str:
    return "–" if value is None else f"{value:.4g}"


def _draw(validated: Validated, metric: Headline, path: Path) -> bool:
    """Draw a metric of each fold, lowest first, and of all folds with its interval."""
    group, name = metric
    pooled = validated.pooled.metrics[group]
    by_fold = [
        (r["metrics"].get(group, {}).get(name), f.number)
        for f, r in zip(validated.folds, validated.results, strict=True)
    ]
    values, numbers = zip(*sorted((v, n) for v, n in by_fold if v is not None), strict=True)
    with figure(min(3.5 + 0.25 * len(values), 11), 3.4) as (drawn, axes):
        axis = axes[0]
        axis.axhspan(
            pooled[f"{name}_low"], pooled[f"{name}_high"], color=FAINT, label="its 95 % interval over subjects"
        )
        axis.axhline(pooled[name], color=INK, linestyle="--", linewidth=1, label=f"all folds: {pooled[name]:.3g}")
        axis.plot(range(len(values)), values, "o", color=BLUE, label="a fold")
        if len(values) <= 40:
            axis.set_xticks(range(len(values)), [str(number) for number in numbers], fontsize=7)
        axis.set(xlabel="fold, best first", ylabel=f"{group}.{name}", ylim=(0, None))
        axis.legend()
        with write_aside(path) as aside:
            save(drawn, aside)
    return True
