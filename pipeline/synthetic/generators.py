"""Synthetic sources by their names: each is written as the files that a clinic would send, images and labels."""

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
    """Write the source's files into a folder that is kept across runs, and return the path of its label file.

    Raises:
        UserError: There is no generator of that name.
    """
    return _maker(settings)[0](settings, folder)


def label_format(settings: SyntheticSource) -> dict[str, Any]:
    """Return the settings of a source of files (pipeline/collect) that read the label file `generate` writes."""
    return _maker(settings)[1]


def _maker(settings: SyntheticSource) -> tuple[Callable[[SyntheticSource, Path], Path], dict[str, Any]]:
    if settings.generator not in _MAKERS:
        raise UserError(f"collect.sources: no generator {settings.generator!r}; there are {sorted(_MAKERS)}")
    return _MAKERS[settings.generator]
