"""The figures of a study as one page that loads nothing: history, importance of the settings, slices, trials."""

import base64
import io
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any

FIGURES = "figures.html"
"""File name of the page."""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 15px/1.5 system-ui, "DejaVu Sans", Arial, sans-serif; color: #1F2933; background: #fff;
  margin: 0 auto; padding: 28px 32px 64px; max-width: 1080px; }}
h1 {{ font-size: 26px; margin: 0 0 2px; }} h2 {{ font-size: 19px; margin: 36px 0 8px; }}
p {{ max-width: 860px; }} img {{ max-width: 100%; height: auto; display: block; }}
</style></head><body>
<h1>{title}</h1>
<p>{trials} trials, {complete} complete, {pruned} pruned. The score is the validation error of a short training; lower
is better.</p>
{sections}
</body></html>
"""


def figures_page(problem: str, trials: list[dict[str, Any]], objectives: Sequence[str] = ("error",)) -> str:
    """Return the page.

    Args:
        problem: The problem's name.
        trials: The trials of study.json: number, state, value, params, scores by epoch.
        objectives: What the study minimises; the error is the value of a trial, the others have their own names in it.
    """
    states = [trial["state"] for trial in trials]
    drawn = [
        f'<h2>{escape(title)}</h2><p>{escape(text)}</p><img alt="{escape(title)}" src="data:image/png;base64,{png}">'
        for title, text, png in (*_drawn(trials), *_front(trials, objectives))
    ]
    return _PAGE.format(
        title=f"{escape(problem)}: the search",
        trials=len(trials),
        complete=states.count("complete"),
        pruned=states.count("pruned"),
        sections="\n".join(drawn) or "<p>Too few trials were completed for a figure.</p>",
    )


def _drawn(trials: list[dict[str, Any]]) -> Iterable[tuple[str, str, str]]:
    """Yield title, explanation and PNG in base 64 of each figure that these trials allow."""
    import optuna
    from optuna.visualization import matplotlib as plots

    study = _study(trials)
    complete = [trial for trial in study.trials if trial.state == optuna.trial.TrialState.COMPLETE]
    if not complete:
        return
    varied = sorted({name for trial in complete for name in trial.params})
    varied = [name for name in varied if len({str(t.params.get(name)) for t in complete}) > 1]
    figures: list[tuple[str, str, Callable[[], Any]]] = [
        (
            "History",
            "The score of each trial, and the best one so far.",
            lambda: plots.plot_optimization_history(study),
        ),
        (
            "Epochs",
            "The score of every trial by epoch; a pruned trial ends early.",
            lambda: plots.plot_intermediate_values(study),
        ),
    ]
    if len(complete) > 3 and len(varied) > 1:
        figures.append(
            (
                "Importance of the settings",
                "How much of the scores' variation each setting explains (fANOVA); with few trials a rough guide.",
                lambda: plots.plot_param_importances(study, params=varied),
            )
        )
    if varied:
        figures.append(("Slices", "The score by each setting.", lambda: plots.plot_slice(study, params=varied)))
    if len(varied) > 1:
        figures.append(
            (
                "Parallel coordinates",
                "A line for each trial; dark lines have low scores.",
                lambda: plots.plot_parallel_coordinate(study, params=varied),
            )
        )
    for title, text, draw in figures:
        if png := _png(draw):
            yield title, text, png


def _front(trials: list[dict[str, Any]], objectives: Sequence[str]) -> Iterable[tuple[str, str, str]]:
    """Yield the Pareto front of a study with two or three objectives as `_drawn` yields figures."""
    import optuna
    from optuna.visualization import matplotlib as plots

    complete = [trial for trial in trials if trial["state"] == "complete"]
    if len(objectives) not in (2, 3) or not complete:
        return
    study = optuna.create_study(directions=["minimize"] * len(objectives))
    for trial in complete:
        values = [trial["value"], *(trial[name] for name in objectives[1:])]
        study.add_trial(optuna.trial.create_trial(values=values))
    text = "Trials of the front, which no other beats in every objective, are red; compute in GFLOPs, size in MB."
    if png := _png(lambda: plots.plot_pareto_front(study, target_names=list(objectives))):
        yield "Pareto front", text, png


def _png(draw: Callable[[], Any]) -> str:
    """Draw a figure of Optuna in the house style, and return its PNG in base 64; empty if Optuna cannot draw it."""
    import matplotlib.pyplot as plt

    from pipeline.scoring.style import house_style

    with house_style(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Optuna: these figures are experimental
        try:
            draw()
            drawn, stream = plt.gcf(), io.BytesIO()
            drawn.set_size_inches(10, 4.6)
            drawn.savefig(stream, format="png", bbox_inches="tight", metadata={"Software": None})
        except (ValueError, RuntimeError, ZeroDivisionError):  # equal scores, for instance, have no importances
            return ""
        finally:
            plt.close("all")
    return base64.b64encode(stream.getvalue()).decode()


def _study(trials: list[dict[str, Any]]) -> Any:
    """Return the study as Optuna holds it; the range of each setting is that of the values which were tried."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    names = sorted({name for trial in trials for name in trial["params"]})
    ranges = {name: _range([t["params"][name] for t in trials if name in t["params"]]) for name in names}
    study = optuna.create_study()
    for trial in trials:
        state = optuna.trial.TrialState[trial["state"].upper()]
        study.add_trial(
            optuna.trial.create_trial(
                state=state,
                value=trial["value"] if state == optuna.trial.TrialState.COMPLETE else None,
                params=trial["params"],
                distributions={name: ranges[name] for name in trial["params"]},
                intermediate_values=_scores(trial["scores"]),
            )
        )
    return study


def _range(values: list[Any]) -> Any:
    """Return Optuna's distribution of a setting; a logarithmic one if the values span more than a decade."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if any(isinstance(value, str | bool) or value is None for value in values) or len(set(values)) < 2:
        return CategoricalDistribution(sorted(set(values), key=str))
    low, high = float(min(values)), float(max(values))
    return FloatDistribution(low, high, log=low > 0 and high / low > 10)


def _scores(scores: Mapping[str, float | None]) -> dict[int, float]:
    return {int(step): value for step, value in scores.items() if value is not None}
