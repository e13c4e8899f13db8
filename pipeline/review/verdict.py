"""A later verdict on a candidate, in the MLflow run that made it."""

import re

from pipeline.layout import Layout
from pipeline.registry.store import open_registry
from pipeline.review.inputs import Inputs
from pipeline.tracking.tags import REASON_TAG, VERDICT_TAG


def revise_verdict(layout: Layout, number: int, verdict: str, why: str) -> None:
    """Put a verdict that people gave after the retrain into name and tags of the run, where the list of runs shows it.

    Args:
        layout: The problem and the repository.
        number: The version.
        verdict: One word, for instance `promoted`.
        why: The reason in one line.
    """
    with open_registry(layout.root, layout.problem) as registry:
        run = Inputs(registry, registry.version(number)).run
        if run is None:
            return
        name = re.sub(r"^(v\d+) \w+", rf"\1 {verdict}", str(run.info.run_name))
        registry.client.update_run(run.info.run_id, name=name)
        for key, value in ((VERDICT_TAG, verdict), (REASON_TAG, why)):
            registry.client.set_tag(run.info.run_id, key, value)
