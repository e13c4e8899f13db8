"""Style of the figures: colours that colour-blind people can distinguish, and reproducible bytes."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's palette: distinguishable with every common kind of colour blindness, and in print
BLUE, ORANGE, GREEN, RED, SKY, PURPLE = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7"
SERIES = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY)
INK, MUTED, FAINT = "#1F2933", "#6B7785", "#D9DEE4"
TRUE, PREDICTED = ORANGE, SKY

_STYLE: Any = {
    "figure.dpi": 130,
    "savefig.dpi": 130,
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=SERIES),
    "grid.color": FAINT,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.6,
}


def house_style() -> AbstractContextManager[None]:
    """Draw every figure within the block in the house style."""
    style: AbstractContextManager[None] = plt.rc_context(_STYLE)
    return style


@contextmanager
def figure(
    width: float, height: float, rows: int = 1, columns: int = 1, **options: Any
) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure in the house style, size in inches, and its axes row by row; closed at the end of the block."""
    with house_style():
        drawn, axes = plt.subplots(
            rows, columns, figsize=(width, height), squeeze=False, layout="constrained", **options
        )
        try:
            yield drawn, list(axes.flat)
        finally:
            plt.close(drawn)


def save(drawn: Figure, path: Path) -> None:
    """Write a PNG without version or date, so that the same figure gives the same bytes."""
    drawn.savefig(path, format="png", metadata={"Software": None})
