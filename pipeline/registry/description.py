"""The description of a version, as the MLflow UI shows it: what became of it, its decision, the page of evidence."""

from heelstrike.registry.comparison import COMPARISON_TAG, digest_in
from heelstrike.registry.versions import Version
from pipeline.registry.decision import Decision
from pipeline.registry.store import Registry


def describe(registry: Registry, number: int, decision: Decision | None, event: str = "") -> None:
    """Write the description of a version anew.

    Args:
        registry: The registry of the problem.
        number: The version.
        decision: The last decision on it; `None` if there is none.
        event: What became of the version since the decision, as Markdown.
    """
    parts = [event]
    if decision is not None:
        parts += [decision.markdown(), _link(registry, registry.version(number), decision)]
    registry.describe(number, "\n\n".join(filter(None, parts)))


def _link(registry: Registry, version: Version, decision: Decision) -> str:
    """Return a link to the page that the decision names; empty if its run does not have it."""
    from mlflow.exceptions import MlflowException

    page, digest = digest_in(version.tags.get(COMPARISON_TAG, ""))
    if version.run_id is None or not digest or digest != decision.comparison_page:
        return ""
    try:
        experiment = registry.client.get_run(version.run_id).info.experiment_id
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return ""
    address = f"#/experiments/{experiment}/runs/{version.run_id}/artifacts/{page}"
    return f"[Both versions on the same images, and what differs]({address})"
