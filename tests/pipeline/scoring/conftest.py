"""The small prepared problem that evaluation is tested on."""

from tests.pipeline.evaluate.conftest import rearfoot, rearfoot_project

__all__ = ["rearfoot", "rearfoot_project"]
