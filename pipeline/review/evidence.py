"""A comparison in the registry: an artifact of the run that made the version, and a tag and a link on the version."""

from heelstrike.registry.database import store_errors
from pipeline.layout import Layout
from pipeline.registry.store import open_registry
from pipeline.review.compare import Comparison
from pipeline.tracking.tags import COMPARISON_TAG


def page_of(comparison: Comparison) -> str:
    """Return the path of the page among the artifacts of the new version's run."""
    return f"review/version-{comparison.new.number}-against-{comparison.old.number}.html"


def keep(layout: Layout, comparison: Comparison) -> None:
    """Store the page with the run of the new version, and its path and digest as a tag of the version."""
    version = comparison.new
    with open_registry(layout.root, layout.problem) as registry:
        if version.run_id is not None:
            with store_errors(registry.uri):
                registry.client.log_text(version.run_id, comparison.page, page_of(comparison))
        registry.tag(version.number, {COMPARISON_TAG: f"{page_of(comparison)} sha256:{comparison.digest}"})


def link(layout: Layout, comparison: Comparison) -> None:
    """Add a link to the page to the version's description."""
    version = comparison.new
    if version.run_id is None:
        return
    with open_registry(layout.root, layout.problem) as registry, store_errors(registry.uri):
        experiment = registry.client.get_run(version.run_id).info.experiment_id
        address = f"#/experiments/{experiment}/runs/{version.run_id}/artifacts/{page_of(comparison)}"
        line = f"[Both versions on the same images, and what differs]({address})"
        before = registry.client.get_model_version(layout.problem, str(version.number)).description or ""
        if line not in before:
            registry.describe(version.number, f"{before}\n\n{line}")
