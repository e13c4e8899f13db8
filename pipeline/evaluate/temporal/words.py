"""The judgement of a temporal model in words and as a table, for report and model card."""

from pipeline.evaluate.temporal.result import Verdict
from pipeline.scoring.format import number, share

HEADER = ("on test videos", "frame by frame", "from several frames")

_TITLES = {"usual": "as they are", "disturbed": "disturbed"}
_ROWS = {
    "error": ("rmse_px", "rmse_px_per_frame", " px"),
    "trembling": ("jitter_px", "jitter_px_per_frame", " px"),
    "keypoints answered": ("answered", "answered_per_frame", ""),
}
_OWN = {"answers within their radius": "covered", "of those, answers that the frame does not show": "filled_covered"}


def described(verdict: Verdict) -> str:
    """Return the verdict as sentences."""
    slots, step = verdict.settings.slots, verdict.settings.step_s
    window = f"{slots} frames, {step * 1000:.0f} ms apart"
    if verdict.kept:
        return (
            f"On videos the package answers from several frames (windows of {window}): {_what(verdict)}. `--per-frame` "
            "turns this off. Disturbed videos have runs of frames in which a marker is covered, the picture is "
            "blurred, or the light is gone. Errors are root mean squares in pixels of the network's input, over "
            "keypoints that both answer."
        )
    return (
        f"A temporal model (windows of {window}) was trained, but the package predicts every frame by itself, since "
        f"the model does not pay: {'; '.join(verdict.reasons)}."
    )


def _what(verdict: Verdict) -> str:
    if verdict.settings.corrects:
        return "keypoints are corrected, and missing ones are answered"
    return (
        "missing keypoints are answered; those that a frame shows stay as they are, since correcting them did not pay"
    )


def rows(verdict: Verdict) -> list[tuple[str, str, str]]:
    """Return the rows of a table under `HEADER`."""
    table = list[tuple[str, str, str]]()
    for kind, figures in verdict.figures.items():
        for title, (now, before, unit) in _ROWS.items():
            table.append((f"{_TITLES[kind]}: {title}", _shown(figures[before], unit), _shown(figures[now], unit)))
        table += [(f"{_TITLES[kind]}: {title}", "", _shown(figures[name], "")) for title, name in _OWN.items()]
    return table


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "unknown"
    return number(value, unit) if unit else share(value)
