"""Synthetic sources: people who were never filmed, as real video and picture files with exact labels.

A generator of videos draws a subject from (seed, index) and renders its frames (`source.py`), one of pictures draws
them one by one (`stills.py`); `generate` turns either into the files that a clinic would send, images and labels.
"""

from collections.abc import Callable
from pathlib import Path

from pipeline.collect.settings import CsvSource, FileSource, SyntheticSource
from pipeline.collect.synthetic import source, stills
from pipeline.collect.synthetic.source import GENERATORS
from pipeline.collect.synthetic.stills import STILLS
from pipeline.errors import UserError

_MAKERS: dict[str, tuple[Callable[[SyntheticSource, Path], Path], FileSource]] = {
    **dict.fromkeys(GENERATORS, (source.generate, CsvSource(kind="csv"))),
    **{name: (stills.generate, kind.read_as) for name, kind in STILLS.items()},
}


def generate(settings: SyntheticSource, folder: Path) -> Path:
    """Make the source's files in a folder that is kept across runs; the path of its label file.

    Raises:
        UserError: There is no generator of that name.
    """
    return _maker(settings)[0](settings, folder)


def labels_source(settings: SyntheticSource) -> FileSource:
    """How the label file that `generate` writes is read."""
    return _maker(settings)[1]


def _maker(settings: SyntheticSource) -> tuple[Callable[[SyntheticSource, Path], Path], FileSource]:
    if settings.generator not in _MAKERS:
        raise UserError(f"collect.sources: no generator {settings.generator!r}; there are {sorted(_MAKERS)}")
    return _MAKERS[settings.generator]


__all__ = ["GENERATORS", "STILLS", "generate", "labels_source"]
