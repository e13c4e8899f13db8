"""Measure images and videos with models from a registry: `heelstrike.load("rearfoot@champion").predict("walk.mp4")`.

Names are imported when they are first used, so that `import heelstrike` is fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heelstrike.errors import UserError
    from heelstrike.heads.prediction import Prediction
    from heelstrike.measure.base import Measurement
    from heelstrike.measure.steps.results import Steps
    from heelstrike.model import Model, load
    from heelstrike.predict.frames import FrameResult, Result, Source
    from heelstrike.predict.predictor import Report
    from heelstrike.predict.summary import Spread, Summary

    __version__: str

__all__ = [
    "FrameResult",
    "Measurement",
    "Model",
    "Prediction",
    "Report",
    "Result",
    "Source",
    "Spread",
    "Steps",
    "Summary",
    "UserError",
    "__version__",
    "load",
]

_MODULES = {
    "FrameResult": "predict.frames",
    "Measurement": "measure.base",
    "Model": "model",
    "Prediction": "heads.prediction",
    "Report": "predict.predictor",
    "Result": "predict.frames",
    "Source": "predict.frames",
    "Spread": "predict.summary",
    "Steps": "measure.steps.results",
    "Summary": "predict.summary",
    "UserError": "errors",
    "load": "model",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        return version("heelstrike")
    if name not in _MODULES:
        raise AttributeError(f"module 'heelstrike' has no attribute {name!r}")
    return getattr(import_module(f"heelstrike.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
