"""Steps of rendered walks against the truth: events, angles at the three instants of stance, and what is refused.

Each person of the renderer walks for some seconds, away from the camera or on a treadmill, or stands. The truth is the
renderer's: the phase of each leg, and the angle of the true marker centres at the true instants. Markers are taken from
the renderer (those that are turned away or out of view are missing), exactly and with noise; or, with a package, from
its predictions on the rendered video, with everything that hides markers.

Nobody walks like a clock: `--uneven` makes each stride of the markers longer or shorter than the others.

Examples:
    python -m benchmarks.steps
    python -m benchmarks.steps --noise 0 0.5 1 --rates 25 30 60 --subjects 80
    python -m benchmarks.steps --strides 0.8 1.8 --uneven 0.03
    python -m benchmarks.steps --package FOLDER --subjects 12
    python -m benchmarks.steps --package FOLDER --subjects 12 --legs 0.3 1.05 --upright 0.2
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float
from rich.console import Console
from rich.table import Table

from heelstrike.measure.angles import signed_rearfoot_angle
from heelstrike.measure.steps.analyse import analyse
from heelstrike.measure.steps.results import Steps
from heelstrike.measure.steps.track import SIDES, Track
from heelstrike.package.runtime import Package
from heelstrike.predict.measurer import About, Measurer
from heelstrike.predict.steps import VideoSteps
from pipeline.synthetic.people import Subject, make_subject
from pipeline.synthetic.rearfoot import render
from pipeline.synthetic.settings import SyntheticSource
from pipeline.synthetic.truth import Events, events_of, markers_at

_END_S = 0.3  # events this near to the video's ends need not be found
_MATCH_S = 0.15  # an event further from every true one is a false one
_FRAMES, _RATE = 2, 60  # the goal: within two frames at 60 a second
_INSTANTS = ("strike", "mid_stance", "toe_off")


@dataclass(frozen=True)
class Pace:
    """Strides of uneven length: the renderer's even walk, now faster and now slower.

    Attributes:
        real_s: Times in the video, rising, seconds.
        even_s: Times in the renderer's walk at which a walker is as far.
    """

    real_s: Float[np.ndarray, "S"]
    even_s: Float[np.ndarray, "S"]

    @classmethod
    def even(cls, subject: Subject) -> "Pace":
        """Return the renderer's own pace."""
        return cls.of(subject, 0.0, np.random.default_rng(0))

    @classmethod
    def of(cls, subject: Subject, uneven: float, rng: np.random.Generator) -> "Pace":
        """Draw strides whose lengths vary by a standard deviation that is a share of a stride."""
        even = (subject.gait.stride_s or 1.0) * np.arange(-2, 60)
        lengths = np.diff(even) * np.clip(1 + uneven * rng.standard_normal(len(even) - 1), 0.5, 1.5)
        real = np.concatenate([[0.0], np.cumsum(lengths)])
        return cls(real - np.interp(0.0, even, real), even)

    def walked(self, time_s: float) -> float:
        """Return the time in the renderer's walk."""
        return float(np.interp(time_s, self.real_s, self.even_s))

    def events(self, subject: Subject, side: int, seconds: float) -> Events:
        """Return the true events of a leg, also just before and after the video, in the video's times."""
        gait, first, last = subject.gait, self.walked(-_MATCH_S), self.walked(seconds + _MATCH_S)
        earlier = replace(gait, phase=gait.phase + first / (gait.stride_s or 1.0))
        even = events_of(earlier, side, last - first)
        return Events(*(np.interp(times + first, self.even_s, self.real_s) for times in (even.strikes, even.toe_offs)))


@dataclass
class Score:
    """Errors over all people.

    Attributes:
        events: Seconds that each found event is late; NaN for one that was not found.
        false_of: Number of events that are none, by kind.
        angles: Degrees that each angle is off, by instant; NaN for a step without it.
        shares: Each error as a share of the angle's half-width, by instant; NaN without a half-width.
        verdicts: Number of videos by view, direction and reason.
    """

    events: dict[str, list[float]] = field(default_factory=lambda: {"strike": [], "toe_off": []})
    false_of: Counter[str] = field(default_factory=Counter)
    angles: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in _INSTANTS})
    shares: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in _INSTANTS})
    verdicts: Counter[tuple[str, str | None, str | None]] = field(default_factory=Counter)

    @property
    def false(self) -> int:
        """Number of events that are none."""
        return self.false_of.total()

    def add(self, subject: Subject, seconds: float, steps: Steps, pace: "Pace | None" = None) -> None:
        """Compare the steps of one video with the truth; without a pace all strides are alike."""
        pace = pace or Pace.even(subject)
        self.verdicts[(subject.slices["view"], steps.direction, steps.reason)] += 1
        for leg, side in enumerate(SIDES):
            truth = pace.events(subject, -1 if leg == 0 else 1, seconds)
            for kind, times in (("strike", truth.strikes), ("toe_off", truth.toe_offs)):
                found = np.array([e.time_s for e in steps.events if e.leg == side and e.kind == kind])
                wanted = times[(times >= _END_S) & (times <= seconds - _END_S)]
                self.events[kind] += [_nearest(found, time) for time in wanted]
                self.false_of[kind] += sum(np.isnan(_nearest(times, time)) for time in found)
            self._add_angles(subject, leg, steps, truth, pace)

    def _add_angles(self, subject: Subject, leg: int, steps: Steps, truth: Events, pace: "Pace") -> None:
        for step in steps.steps:
            late = _nearest(truth.strikes, step.strike_s), _nearest(truth.toe_offs, step.toe_off_s)
            if step.leg != SIDES[leg] or np.isnan(late).any():
                continue
            strike, toe_off = step.strike_s + late[0], step.toe_off_s + late[1]
            for name, time in zip(_INSTANTS, (strike, (strike + toe_off) / 2, toe_off), strict=True):
                true = _angles(markers_at(subject, pace.walked(time))[0].reshape(1, 2, 3, 2))[0, leg]
                if np.isfinite(true):
                    off = step.values[name] - true
                    self.angles[name].append(off)
                    self.shares[name].append(abs(off) / step.half_widths[name])


def _nearest(times: Float[np.ndarray, "N"], time: float) -> float:
    """Return the seconds from `time` to the nearest of `times`; NaN if none is near."""
    late = times - time
    nearest = late[np.abs(late).argmin()] if len(late) else np.inf
    return float(nearest) if abs(nearest) <= _MATCH_S else np.nan


def _angles(points: Float[np.ndarray, "T 2 3 2"]) -> Float[np.ndarray, "T 2"]:
    return np.stack([signed_rearfoot_angle(points[:, leg], side) for leg, side in enumerate(SIDES)], axis=1)


def people(arguments: argparse.Namespace) -> Iterator[Subject]:
    """Yield the people of the benchmark."""
    settings = SyntheticSource(
        kind="synthetic", seed=arguments.seed, legs=tuple(arguments.legs), upright=arguments.upright
    )
    for index in range(arguments.subjects):
        subject = make_subject(settings, index, arguments.seconds)
        gait = subject.gait
        if arguments.strides and gait.stride_s:
            stride = float(np.random.default_rng([arguments.seed, index]).uniform(*arguments.strides))
            gait = replace(gait, stride_s=stride, speed=gait.speed * gait.stride_s / stride)
        yield replace(subject, gait=gait)


def from_markers(
    subject: Subject, seconds: float, rate: float, noise: float, rng: np.random.Generator, pace: Pace | None = None
) -> Steps:
    """Return the steps by the renderer's markers with normal noise in pixels; without a pace strides are even."""
    times, pace = np.arange(round(seconds * rate)) / rate, pace or Pace.even(subject)
    points = np.stack([markers_at(subject, pace.walked(time))[1] for time in times]).reshape(-1, 2, 3, 2)
    points = points + noise * rng.standard_normal(points.shape)
    return analyse(Track(times, points, _angles(points), np.full((len(times), 2), np.nan)))


def from_package(subject: Subject, seconds: float, rate: float, package: Package) -> Steps:
    """Return the steps by a package's predictions on the rendered video."""
    filmed = replace(subject, fps=round(rate), frames=round(seconds * rate))
    measurer, collected = Measurer(package, About()), VideoSteps(package.manifest)
    for result in measurer.images(image for image, _ in render(filmed)):
        collected.add(replace(result, time_s=result.number / rate))
    steps = collected.steps()
    assert steps is not None
    return steps


def show(rows: dict[str, Score]) -> None:
    """Print the tables."""
    console = Console(width=200)
    table = Table(
        "markers",
        "events",
        f"within {_FRAMES} frames at {_RATE}/s",
        "of those given",
        "not found",
        "false",
        "median, 95th percentile",
    )
    angles = Table(
        "markers", "instant", "steps", "no angle", "within 1°", "within half-width", "median, 95th percentile"
    )
    for name, score in rows.items():
        for kind, late in score.events.items():
            errors = np.array(late)
            known = np.abs(errors[np.isfinite(errors)]) * 1000
            soon = np.abs(errors) <= _FRAMES / _RATE + 1e-9
            table.add_row(
                name,
                f"{len(errors)} {kind}",
                f"{soon.mean():.1%}",
                f"{soon.sum() / max(len(known) + score.false_of[kind], 1):.1%}",
                f"{np.isnan(errors).sum()}",
                f"{score.false_of[kind]}",
                f"{np.median(known):.0f} ms, {np.percentile(known, 95):.0f} ms",
            )
        for instant, off in score.angles.items():
            errors = np.abs(off)
            known, shares = errors[np.isfinite(errors)], np.array(score.shares[instant])
            judged = shares[np.isfinite(shares)]
            angles.add_row(
                name,
                instant,
                f"{len(errors)}",
                f"{np.isnan(errors).sum()}",
                f"{np.mean(known <= 1):.1%}",
                f"{np.mean(judged <= 1):.1%}" if len(judged) else "",
                f"{np.median(known):.2f}°, {np.percentile(known, 95):.2f}°",
            )
    console.print(table, angles)
    for name, score in rows.items():
        console.print(f"{name}: {dict(score.verdicts)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--package", type=Path, help="folder of a trained package; without it markers are the renderer's"
    )
    parser.add_argument("--subjects", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--noise", type=float, nargs="+", default=[0.0, 0.5, 1.0], help="pixels, standard deviation")
    parser.add_argument("--rates", type=float, nargs="+", default=[60.0], help="frames a second")
    parser.add_argument("--legs", type=float, nargs=2, default=[0.75, 0.97], help="share of the picture they fill")
    parser.add_argument("--upright", type=float, default=0.0, help="share of videos with width and height swapped")
    parser.add_argument("--strides", type=float, nargs=2, help="shortest and longest stride in seconds, else by rule")
    parser.add_argument("--uneven", type=float, default=0.0, help="deviation of strides, as a share; without package")
    parser.add_argument("--seed", type=int, default=77)
    arguments = parser.parse_args()
    rows: dict[str, Score] = {}
    package = Package.load(arguments.package, threads=1) if arguments.package else None
    noises = [0.0] if package else arguments.noise
    for rate in arguments.rates:
        for noise in noises:
            score = rows[f"{'package' if package else f'noise {noise:g} px'}, {rate:g}/s"] = Score()
            rng = np.random.default_rng(1)
            for subject in people(arguments):
                pace = Pace.of(subject, 0.0 if package else arguments.uneven, np.random.default_rng([2, *subject.seed]))
                if package:
                    steps = from_package(subject, arguments.seconds, rate, package)
                else:
                    steps = from_markers(subject, arguments.seconds, rate, noise, rng, pace)
                score.add(subject, arguments.seconds, steps, pace)
    show(rows)


if __name__ == "__main__":
    main()
