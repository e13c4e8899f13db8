"""Check of the registry: that it answers, and which champions it has."""

import os
from collections.abc import Iterator
from pathlib import Path

from heelstrike.doctor.findings import Finding, fault, ok, warning
from heelstrike.errors import UserError
from heelstrike.redact import without_password
from heelstrike.registry.client import connect
from heelstrike.registry.versions import CHAMPION, is_model_name
from heelstrike.stores import TRACKING_URI


def check_registry(root: Path) -> Iterator[Finding]:
    """Ask the configured registry for its models, within the limit of waits.

    Args:
        root: Root of the checkout, for its own registry.
    """
    if not os.environ.get(TRACKING_URI) and not (root / "mlflow.db").is_file():
        advice = (
            f"set {TRACKING_URI} to its address, or use --package FOLDER; in a checkout `heelstrike retrain` makes one"
        )
        yield warning("registry", "none is configured, and there is none in this folder", advice)
        return
    try:
        client = connect(root)
        models = [model for model in client.models() if is_model_name(model.name)]
    except UserError as error:
        yield fault("registry", str(error).splitlines()[0], "")  # the message says what to do
        return
    champions = [f"{model.name}/{model.aliases[CHAMPION]}" for model in models if CHAMPION in model.aliases]
    text = f"{without_password(client.uri)} answers; champions: {', '.join(champions) or 'none yet'}"
    yield ok("registry", text)
