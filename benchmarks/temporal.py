"""A package with a temporal model against the same package frame by frame, on rendered video with known truth.

Each person of the renderer is filmed near and far, and the package predicts on every frame as `heelstrike predict`
does: frame by frame, and then the same predictions with the answers of the frames around them. The videos are shown as
they are, with runs of frames in which a marker is covered, in which the picture is blurred, or in which the light is
gone, and with lost frames. Plain smoothers of the single frames stand beside.

Examples:
    python -m benchmarks.temporal models/rearfoot/package
    python -m benchmarks.temporal models/rearfoot/package --subjects 12 --seed 7 --legs 0.9 0.3
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from rich.console import Console
from rich.table import Table

from heelstrike.errors import UserError
from heelstrike.heads.keypoints import present_keypoints
from heelstrike.heads.prediction import Prediction
from heelstrike.measure.angles import signed_rearfoot_angle
from heelstrike.measure.steps.track import SIDES
from heelstrike.package.image import ArrayImage
from heelstrike.package.runtime import Package
from heelstrike.predict.frames import FrameResult
from heelstrike.predict.measurer import About, Measurer
from heelstrike.predict.over_time import over_time
from heelstrike.video.reader import Frame
from pipeline.evaluate.temporal.answers import Both
from pipeline.evaluate.temporal.judge import figures_of
from pipeline.models.temporal import SMOOTHERS
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.rearfoot import render
from pipeline.synthetic.settings import SyntheticSource
from pipeline.train.temporal.disturb import DISTURBANCES, Frames

_WRONG = 3.0  # degrees
_RUNS = 2  # runs of disturbed frames in a video
_RUN = 5  # frames
_LOST = 0.3  # share of the frames of a video with lost frames
KINDS = ("as they are", *DISTURBANCES, "lost frames")


@dataclass(frozen=True)
class Film:
    """A video in memory: its frames with their truth in pixels, NaN for a marker that is not visible."""

    subject: str
    frames: list[Frame]
    truth: Float[np.ndarray, "T 6 2"]


@dataclass
class Angles:
    """Frames that were measured, and angles against the truth: degrees off, and whether the half-width covers it."""

    frames: int = 0
    measured: int = 0
    off: list[float] = field(default_factory=list)
    covered: list[bool] = field(default_factory=list)

    def add(self, result: FrameResult, truth: Float[np.ndarray, "6 2"]) -> None:
        """Add a frame."""
        self.frames += 1
        self.measured += result.measured
        for side, points in zip(SIDES, (truth[:3], truth[3:]), strict=True):
            true = float(signed_rearfoot_angle(points, side))
            if result.measured and np.isfinite(true):
                off = abs(result.values[side] - true)
                self.off.append(off)
                self.covered.append(off <= result.half_widths.get(side, np.inf))

    def cells(self) -> list[str]:
        """Return share measured, share off by more than the limit, share of those that the half-width does not say."""
        off, covered = np.array(self.off), np.array(self.covered, bool)
        wrong = off > _WRONG
        return [
            f"{self.measured / self.frames:.1%}",
            f"{wrong.mean():.1%}" if len(off) else "-",
            f"{(wrong & ~covered).mean():.1%}" if len(off) else "-",
            f"{covered.mean():.1%}" if len(off) else "-",
        ]


def films(subjects: int, seed: int, legs: float) -> Iterator[tuple[str, UInt8[np.ndarray, "T H W 3"], np.ndarray, int]]:
    """Yield name, frames, truth and rate of people whose legs fill this share of the picture."""
    settings = SyntheticSource(kind="synthetic", seed=seed, subjects=subjects, legs=(legs * 0.95, legs * 1.05))
    for index in range(subjects):
        subject = make_subject(settings, index)
        frames, truth = zip(*render(subject), strict=True)
        yield subject.name, np.stack(frames), np.stack(truth), subject.fps


def disturbed(kind: str, frames: Frames, truth: np.ndarray, fps: int, name: str, rng: np.random.Generator) -> Film:
    """Return a video with one kind of disturbance."""
    frames, kept = frames.copy(), np.ones(len(frames), bool)
    if kind in DISTURBANCES:
        for part in np.array_split(np.arange(len(frames)), _RUNS):
            start = part[0] + int(rng.integers(max(len(part) - _RUN, 0) + 1))
            run = slice(start, start + _RUN)
            frames[run] = DISTURBANCES[kind](frames[run], truth[run], rng)
    elif kind == "lost frames":
        kept = rng.uniform(size=len(frames)) >= _LOST
    made = [Frame(n, n / fps, ArrayImage(frame)) for n, frame in enumerate(frames) if kept[n]]
    return Film(name, made, truth[kept])


def predicted(package: Package, film: Film) -> tuple[list[Prediction], list[Prediction]]:
    """Return the predictions frame by frame and from several frames."""
    predict = package.predictor()
    own = [predict(frame.picture) for frame in film.frames]
    assert package.temporal is not None
    several = [each for _, each in over_time(zip(film.frames, own, strict=True), package.temporal)]
    return own, several


def both_of(package: Package, film: Film, own: list[Prediction], several: list[Prediction]) -> Both:
    """Return both answers as the evaluate stage judges them, in pixels of the video."""
    points, radii = list[np.ndarray](), list[np.ndarray]()
    for predictions in (own, several):
        present = np.stack([_present(package, each) for each in predictions])
        places = np.stack([np.asarray(each.keypoints, np.float64) for each in predictions])
        points.append(np.where(present[..., None], places, np.nan))
        radius = np.stack([np.full(6, np.nan) if each.radius is None else each.radius for each in predictions])
        radii.append(np.where(present, radius, np.nan))
    filled = np.isfinite(points[1][..., 0]) & ~np.isfinite(points[0][..., 0])
    found = np.isfinite(points[0][..., 0]).astype(float)
    return Both(film.subject, film.truth, points[0], points[1], found, filled, radii[1])


def _present(package: Package, prediction: Prediction) -> np.ndarray:
    present = present_keypoints(prediction, package.manifest.confidence)
    assert present is not None
    return np.zeros_like(present) if prediction.refusal is not None else present


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="a package with a temporal model")
    parser.add_argument("--subjects", type=int, default=6, help="people")
    parser.add_argument("--seed", type=int, default=77, help="seed of the people")
    parser.add_argument("--legs", type=float, nargs="+", default=[0.85, 0.3], help="shares of the picture's height")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    arguments = parser.parse_args()
    package = Package.load(arguments.package, threads=1)
    if package.temporal is None:
        raise UserError(f"{arguments.package}: has no temporal model; package one that was trained with train.temporal")
    console = Console(width=180)
    for legs in arguments.legs:
        people = list(films(arguments.subjects, arguments.seed, legs))
        table = Table(
            "videos", "", "RMSE px", "jitter px", "answered", "radius holds", "measured", f"off > {_WRONG:g}°",
            "and not said", "half-width holds", title=f"legs fill {legs:.0%}; {len(people)} people",
        )  # fmt: skip
        for kind in arguments.kinds:
            for row in rows(package, kind, people, arguments.seed):
                table.add_row(*row)
        console.print(table)


def rows(package: Package, kind: str, people: list[tuple[str, Frames, np.ndarray, int]], seed: int) -> list[list[str]]:
    """Return the rows of one kind of videos: frame by frame, from several frames, smoothed."""
    measurer = Measurer(package, About())
    judged, angles = list[Both](), {"frame by frame": Angles(), "several frames": Angles()}
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    for name, frames, truth, fps in people:
        film = disturbed(kind, frames, truth, fps, name, rng)
        own, several = predicted(package, film)
        judged.append(both_of(package, film, own, several))
        for counts, predictions in zip(angles.values(), (own, several), strict=True):
            for n, (frame, prediction) in enumerate(zip(film.frames, predictions, strict=True)):
                result = measurer.result(frame.number, frame.time_s, frame.picture, prediction, np.nan)
                counts.add(result, film.truth[n])
    now = figures_of(judged)
    filled = f"{now.filled}: {now.filled_covered:.1%}, RMSE {now.filled_rmse_px:.2f} px" if now.filled else "none"
    radius = f"{now.covered:.1%} (filled {filled})"
    before = [f"{now.rmse_px_per_frame:.3f}", f"{now.jitter_px_per_frame:.3f}", f"{now.answered_per_frame:.1%}", ""]
    after = [f"{now.rmse_px:.3f}", f"{now.jitter_px:.3f}", f"{now.answered:.1%}", radius]
    made = [[kind, *pair] for pair in (("frame by frame", *before), ("several frames", *after))]
    for row, counts in zip(made, angles.values(), strict=True):
        row += counts.cells()
    for title, smooth in SMOOTHERS.items():
        smoothed = figures_of([_smoothed(each, smooth) for each in judged])
        made.append([kind, title, f"{smoothed.rmse_px:.3f}", f"{smoothed.jitter_px:.3f}", *[""] * 6])
    return made


def _smoothed(both: Both, smooth: object) -> Both:
    """Return the frame-by-frame keypoints smoothed; those that are missing are interpolated first, and stay missing."""
    own = both.own.copy()
    at = np.arange(len(own))
    for k in range(own.shape[1]):
        there = np.isfinite(own[:, k, 0])
        for axis in range(2):
            own[:, k, axis] = np.interp(at, at[there], own[there, k, axis]) if there.any() else 0.0
    assert callable(smooth)
    several = np.where(np.isfinite(both.own), smooth(own), np.nan)
    return Both(both.subject, both.truth, both.own, several, both.confidence, np.zeros_like(both.filled), both.radius)


if __name__ == "__main__":
    main()
