"""The figure of the measurements of exams."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from heelstrike.measure.exam import ExamMeasure
from pipeline.scoring.style import BLUE, SERIES, figure, save


def draw_exams(
    errors: Float[np.ndarray, "E K"], quality: Float[np.ndarray, "E"], measure: ExamMeasure, path: Path
) -> None:
    """Draw the share of exams within each error, by kind, and the main error against the quality."""
    with figure(8.4, 3.6, columns=2) as (drawn, (shares, by_quality)):
        for kind, unit, values, colour in zip(measure.kinds, measure.units, errors.T, SERIES, strict=False):
            known = np.sort(values[np.isfinite(values)])
            share = np.arange(1, len(known) + 1) / max(len(known), 1)
            shares.step(known, share, where="post", color=colour, label=f"{kind} ({unit})")
        shares.set(ylim=(0, 1.02), xlabel="error", ylabel="share of exams within it")
        shares.set_xlim(left=0)
        shares.set_title(f"Errors of the {measure.title}")
        shares.legend(loc="lower right")
        by_quality.plot(quality, errors[:, 0], "o", color=BLUE, alpha=0.7, mew=0)
        by_quality.set_xlim(left=0)
        by_quality.set_ylim(bottom=0)
        by_quality.set(
            xlabel=f"{measure.quality} ({measure.units[0]})", ylabel=f"{measure.kinds[0]} ({measure.units[0]})"
        )
        by_quality.set_title("Does the quality warn?")
        save(drawn, path)
