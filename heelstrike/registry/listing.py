"""The registry's models as lines for the terminal."""

from pathlib import Path

from heelstrike.redact import without_password
from heelstrike.registry.client import connect
from heelstrike.registry.versions import is_model_name


def list_models(root: Path) -> list[str]:
    """Return a line for each model, with its versions and the version of each alias.

    Args:
        root: Root of the checkout, for the embedded registry.

    Raises:
        UserError: The registry does not answer.
    """
    client = connect(root)
    models = [model for model in client.models() if is_model_name(model.name)]
    if not models:
        return [f"{without_password(client.uri)}: no model is registered there"]
    width = max(len(model.name) for model in models)
    lines = []
    for model in models:
        numbers = ", ".join(str(version.number) for version in client.versions(model.name)) or "none"
        aliases = ", ".join(f"{alias} = {number}" for alias, number in model.aliases.items()) or "no alias"
        lines.append(f"{model.name:<{width}}  {aliases}  (versions {numbers})")
    return lines
