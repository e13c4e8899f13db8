"""Whether a temporal model pays: error and trembling on test videos against the network's answers frame by frame."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Float

from heelstrike.measure.radii import Radii
from heelstrike.package.over_time_settings import OverTime
from pipeline.evaluate.temporal.answers import Both, Judgeable, both_of
from pipeline.evaluate.temporal.result import Verdict
from pipeline.scoring.format import number, share

_MORE = 0.01  # share of the keypoints of disturbed videos that are answered besides, so that it helps
_SHORT = 0.1  # share of answers that may be missing from the promised coverage, since there are few


@dataclass(frozen=True)
class Figures:
    """Figures of one kind of videos, in input pixels. NaN where nothing can be counted.

    Attributes:
        rmse_px: Root of the mean squared distance, over labelled keypoints that both models answer.
        rmse_px_per_frame: The same frame by frame.
        jitter_px: Root of the mean squared second difference of the error in time, over the same keypoints.
        jitter_px_per_frame: The same frame by frame.
        answered: Share of the labelled keypoints with an answer.
        answered_per_frame: The same frame by frame.
        filled: Number of labelled keypoints that only the frames around them show.
        filled_rmse_px: Root of the mean squared distance of these.
        covered: Share of the answers from several frames that lie within their radius.
        filled_covered: The same of those that only the frames around them show.
        videos: Number of videos.
        people: Number of people.
    """

    rmse_px: float
    rmse_px_per_frame: float
    jitter_px: float
    jitter_px_per_frame: float
    answered: float
    answered_per_frame: float
    filled: int
    filled_rmse_px: float
    covered: float
    filled_covered: float
    videos: int
    people: int

    @property
    def more_answered(self) -> float:
        """Share of the labelled keypoints that only the temporal model answers."""
        return self.answered - self.answered_per_frame


def judge_temporal(
    videos: dict[str, list[Judgeable]], settings: OverTime, margin: float, radii: Radii | None = None
) -> Verdict:
    """Judge a temporal model.

    It is kept if error and trembling are nowhere more than `margin` higher than frame by frame, if it helps with
    disturbed videos (a lower error, or at least one keypoint in a hundred more answered), and if its answers for
    missing keypoints lie within their radii nearly as often as was promised.

    Args:
        videos: Videos of the test split by kind.
        settings: Calibrated settings.
        margin: Share.
        radii: Radii of the network frame by frame; `None` without.
    """
    if not all(videos.values()):
        reason = "no test video has successive labelled frames, so it could not be judged"
        return Verdict(kept=False, reasons=(reason,), settings=settings)
    figures = {kind: figures_of([both_of(one, settings, radii) for one in each]) for kind, each in videos.items()}
    reasons = [*_worse(figures, margin), *_no_help(figures["disturbed"])]
    covered = figures["disturbed"].filled_covered
    if radii is not None and covered < radii.level - _SHORT:
        reasons.append(
            f"only {share(covered)} of its answers for missing keypoints lie within their radius, promised are "
            f"{share(radii.level)}"
        )
    finite = {
        kind: {name: float(f"{value:.6g}") if np.isfinite(value) else None for name, value in asdict(one).items()}
        for kind, one in figures.items()
    }
    return Verdict(kept=not reasons, reasons=tuple(reasons), settings=settings, figures=finite)


def _worse(figures: dict[str, Figures], margin: float) -> Iterator[str]:
    for kind, one in figures.items():
        for title, now, before in (
            ("the error", one.rmse_px, one.rmse_px_per_frame),
            ("trembling", one.jitter_px, one.jitter_px_per_frame),
        ):
            if not now <= (1 + margin) * before:
                yield f"on {kind} videos {title} is {number(now, ' px')}, frame by frame {number(before, ' px')}"


def _no_help(disturbed: Figures) -> Iterator[str]:
    if not (disturbed.rmse_px < disturbed.rmse_px_per_frame or disturbed.more_answered >= _MORE):
        yield (
            f"on disturbed videos the error is not lower, and {share(disturbed.answered)} of the keypoints are "
            f"answered, frame by frame {share(disturbed.answered_per_frame)}"
        )


def figures_of(videos: list[Both]) -> Figures:
    """Return the figures of some videos."""
    own, several = ([_off(v.truth, p) for v, p in zip(videos, each, strict=True)] for each in _both(videos))
    common = [np.isfinite(a[..., 0]) & np.isfinite(b[..., 0]) for a, b in zip(own, several, strict=True)]
    labelled = np.concatenate([np.isfinite(v.truth).all(axis=-1).ravel() for v in videos])
    distance = np.concatenate([np.linalg.norm(each, axis=-1).ravel() for each in several])
    filled = np.concatenate([v.filled.ravel() for v in videos]) & np.isfinite(distance)
    radius = np.concatenate([v.radius.ravel() for v in videos])
    has_radius = np.isfinite(radius) & np.isfinite(distance)
    return Figures(
        rmse_px=_rms([e[c] for e, c in zip(several, common, strict=True)]),
        rmse_px_per_frame=_rms([e[c] for e, c in zip(own, common, strict=True)]),
        jitter_px=_rms([_second(e, c) for e, c in zip(several, common, strict=True)]),
        jitter_px_per_frame=_rms([_second(e, c) for e, c in zip(own, common, strict=True)]),
        answered=_share(np.isfinite(distance)[labelled]),
        answered_per_frame=_share(np.concatenate([np.isfinite(e[..., 0]).ravel() for e in own])[labelled]),
        filled=int(filled.sum()),
        filled_rmse_px=_rms([distance[filled][:, None]]),
        covered=_share((distance <= radius)[has_radius]),
        filled_covered=_share((distance <= radius)[has_radius & filled]),
        videos=len(videos),
        people=len({v.subject for v in videos}),
    )


def _both(videos: list[Both]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    return [v.own for v in videos], [v.several for v in videos]


def _off(truth: Float[np.ndarray, "T K 2"], points: Float[np.ndarray, "T K 2"]) -> Float[np.ndarray, "T K 2"]:
    return np.asarray(points - truth, np.float64)


def _second(off: Float[np.ndarray, "T K 2"], common: np.ndarray) -> Float[np.ndarray, "M 2"]:
    """Return the second differences in time of the errors that are known in three successive frames."""
    second = np.diff(np.where(common[..., None], off, np.nan), n=2, axis=0).reshape(-1, 2)
    return np.asarray(second[np.isfinite(second).all(axis=1)])


def _rms(parts: list[np.ndarray]) -> float:
    """Return the root of the mean squared length of all rows; NaN without rows."""
    rows = np.concatenate([part.reshape(-1, part.shape[-1]) for part in parts])
    return float(np.sqrt((rows**2).sum(axis=1).mean())) if len(rows) else float("nan")


def _share(true: np.ndarray) -> float:
    return float(true.mean()) if len(true) else float("nan")
