"""Synthetic sources: people who were never filmed, as real video and picture files with exact labels.

A generator of videos draws a subject from (seed, index) and renders its frames (`source.py`), one of pictures draws
them one by one (`stills.py`); `generate` turns either into the files that a clinic would send, images and labels.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from heelstrike.errors import UserError
from pipeline.synthetic import source, stills
from pipeline.synthetic.settings import SyntheticSource
from pipeline.synthetic.source import GENERATORS
from pipeline.synthetic.stills import STILLS

_MAKERS: dict[str, tuple[Callable[[SyntheticSource, Path], Path], dict[str, Any]]] = {
    **dict.fromkeys(GENERATORS, (source.generate, {"kind": "csv"})),
    **{name: (stills.generate, kind.read_as) for name, kind in STILLS.items()},
}


def generate(settings: SyntheticSource, folder: Path) -> Path:
    """Make the source's files in a folder that is kept across runs; the path of its label file.

    Raises:
        UserError: There is no generator of that name.
    """
    return _maker(settings)[0](settings, folder)


def label_format(settings: SyntheticSource) -> dict[str, Any]:
    """How the label file that `generate` writes is read: the settings of a source of files (pipeline/collect)."""
    return _maker(settings)[1]


def _maker(settings: SyntheticSource) -> tuple[Callable[[SyntheticSource, Path], Path], dict[str, Any]]:
    if settings.generator not in _MAKERS:
        raise UserError(f"collect.sources: no generator {settings.generator!r}; there are {sorted(_MAKERS)}")
    return _MAKERS[settings.generator]


__all__ = ["GENERATORS", "STILLS", "generate", "label_format"]
