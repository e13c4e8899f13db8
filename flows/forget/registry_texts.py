"""Texts of the registry that may name a person, in any store: tags, parameters, names of metrics, descriptions."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from pipeline.registry.store import Registry

REPLACEMENT = "withdrawn"
_PAGE = 1000


@dataclass(frozen=True)
class Text:
    """A text of the registry.

    Attributes:
        place: Where it is, such as `tag worst of run 1f3a`.
        text: The text, the key of a tag included.
        replace: Writes another text in its place; `None` where MLflow allows no change.
    """

    place: str
    text: str
    replace: Callable[[str], object] | None


def texts_of(registry: Registry) -> Iterator[Text]:
    """Yield every text of a problem's runs, versions and registered model, deleted runs included."""
    client, problem = registry.client, registry.problem
    for run in runs_of(registry):
        where = f"run {run.info.run_id[:8]}"
        yield from (Text(f"parameter {key} of {where}", f"{key} {text}", None) for key, text in run.data.params.items())
        yield from (Text(f"metric {key} of {where}", key, None) for key in run.data.metrics)
        for key, text in run.data.tags.items():
            yield Text(f"tag {key} of {where}", text, partial(client.set_tag, run.info.run_id, key))
    for version in registry.versions():
        where, number = version.reference, str(version.number)
        for key, text in version.tags.items():
            yield Text(f"tag {key} of {where}", text, partial(client.set_model_version_tag, problem, number, key))
        entry = client.get_model_version(problem, number)
        yield Text(f"description of {where}", entry.description or "", partial(registry.describe, version.number))
    for key, text in registry.model_tags().items() if registry.versions() else ():
        yield Text(f"tag {key} of {problem}", text, partial(client.set_registered_model_tag, problem, key))


def runs_of(registry: Registry) -> Iterator[Any]:
    """Yield every run of the problem's experiment, deleted ones included."""
    from mlflow.entities import ViewType

    experiment = registry.client.get_experiment_by_name(registry.problem)
    token = None
    while experiment is not None:
        page = registry.client.search_runs(
            [experiment.experiment_id], run_view_type=ViewType.ALL, max_results=_PAGE, page_token=token
        )
        yield from page
        token = page.token
        if not token:
            return


def replace_names(registry: Registry, words: re.Pattern[str]) -> list[str]:
    """Replace a person's names in every text of the registry.

    Returns:
        The places of texts that MLflow does not let anybody change; `mlflow gc` removes their deleted runs.
    """
    left = []
    for entry in list(texts_of(registry)):
        if not words.search(entry.text):
            continue
        if entry.replace is None:
            left.append(entry.place)
        else:
            entry.replace(words.sub(REPLACEMENT, entry.text))
    return left
