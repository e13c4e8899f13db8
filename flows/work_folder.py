"""The pull step of deployments that run on several machines: each worker runs the flow in its own checkout."""

import os
from pathlib import Path


def enter() -> dict[str, str]:
    """Go to the checkout that this module belongs to, and return its path for further steps of prefect.yaml."""
    root = Path(__file__).resolve().parents[1]
    os.chdir(root)
    return {"directory": str(root)}
