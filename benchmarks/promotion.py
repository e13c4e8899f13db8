"""How often a useless candidate is promoted in a year, and how soon a better one is: the gates' rule and the old one.

Each simulated year has its own test people, validation people and champion, and a candidate a week. The error of a
person by a model is `exp(difficulty of the person + luck of the model with the person)`. The tails of both are measured
on real predictions (`--measure`). The old rule is the one before: a percentile bootstrap of the mean difference at
0.95, and no slice worse by a factor of 1.25.

Example:
    python -m benchmarks.promotion --years 1000 --figure docs/images/promotion.png
    python -m benchmarks.promotion --measure models/rearfoot/package
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int
from rich.console import Console
from rich.table import Table

from heelstrike.package.runtime import Package
from pipeline.registry.criteria.slices import DEFAULT_MARGIN, rejected, slice_change
from pipeline.registry.settings import GateSettings
from pipeline.registry.spending import needed_confidence, people_needed
from pipeline.scoring.people import PersonErrors
from pipeline.scoring.signed_rank import signed_rank_p
from pipeline.scoring.style import BLUE, INK, MUTED, figure, save
from pipeline.synthetic import rearfoot
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.settings import SyntheticSource

WEEKS = 52
MONTH = 4
_LATE = WEEKS // 2
GAIN = 0.2  # a better candidate's errors are lower by this share
HARM = 3.0  # a harmful candidate's errors in one slice are larger by this many margins
SLICES = ((0.5, 0.35, 0.15), (0.75, 0.25), (0.4, 0.35, 0.25))  # shares of the values of three columns

# Measured by --measure (RESULTS.md): heavy tails, since a marker is sometimes taken for another one.
_SPREAD, _SPREAD_DF = 0.93, 4  # scale and degrees of freedom of the people's log errors: standard deviation 1.3
_LUCK, _LUCK_DF = 0.126, 1.75  # of a model's luck with a person: of two models' log ratios half are within 0.18
_LARGEST = 8.0  # log of the largest error by the median one: a point at the other end of the image

_GATES = GateSettings()
_RESAMPLES = 1000
_OLD_CONFIDENCE, _OLD_RATIO, _OLD_PEOPLE = 0.95, 1.25, 2  # 10 images, of 7 a person


@dataclass(frozen=True)
class Year:
    """The errors of a year: of P people by the champion, and by a candidate each week.

    Attributes:
        champion: Error of each test person.
        candidates: Error of each test person by each week's candidate.
        screening: The same two for the validation people.
        groups: Value of each test person in each column of slices.
    """

    champion: Float[np.ndarray, "P"]
    candidates: Float[np.ndarray, "W P"]
    screening: tuple[Float[np.ndarray, "V"], Float[np.ndarray, "W V"]]
    groups: Int[np.ndarray, "C P"]

    def until(self, week: int) -> "Year":
        """The same year, ended early."""
        screened = (self.screening[0], self.screening[1][:week])
        return Year(self.champion, self.candidates[:week], screened, self.groups)

    def better(self, since: int) -> "Year":
        """The same year with better candidates from a week on."""
        factor = np.where(np.arange(len(self.candidates)) >= since, 1 - GAIN, 1.0)[:, None]
        screened = (self.screening[0], self.screening[1] * factor)
        return Year(self.champion, self.candidates * factor, screened, self.groups)

    def harmful(self) -> "Year":
        """The same year with better candidates that are worse on the first column's rarest value with enough people."""
        values, counts = np.unique(self.groups[0], return_counts=True)
        enough = counts >= _GATES.min_slice_people
        value = values[enough][np.argmin(counts[enough])]
        loss = np.where(self.groups[0] == value, HARM * self.margin, 0.0)
        return Year(self.champion, self.candidates * (1 - GAIN) + loss, self.screening, self.groups)

    @property
    def margin(self) -> float:
        """The margin of the slices."""
        return DEFAULT_MARGIN * float(np.mean(self.champion))

    @cached_property
    def slices(self) -> list[Bool[np.ndarray, "P"]]:
        """The people of each slice."""
        return [column == value for column in self.groups for value in np.unique(column)]


def make_year(people: int, rng: np.random.Generator, weeks: int = WEEKS) -> Year:
    """A year of candidates that are as good as the champion."""

    def errors(count: int) -> tuple[Float[np.ndarray, "P"], Float[np.ndarray, "W P"]]:
        difficulty = _SPREAD * rng.standard_t(_SPREAD_DF, count)
        logs = difficulty + _LUCK * rng.standard_t(_LUCK_DF, (weeks + 1, count))
        models = np.exp(np.clip(logs, -_LARGEST, _LARGEST))
        return models[0], models[1:]

    champion, candidates = errors(people)
    groups = np.array([rng.choice(len(shares), people, p=shares) for shares in SLICES])
    return Year(champion, candidates, errors(round(0.75 * people)), groups)


def by_account(year: Year, rng: np.random.Generator) -> Bool[np.ndarray, "W"]:
    """Weeks in which the comparison gate passes: screen, exact test, and the account of the test people."""
    passed, uses, screen = np.zeros(len(year.candidates), bool), 0, _GATES.screen
    for week, candidate in enumerate(year.candidates):
        if screen is not None and len(year.screening[0]) >= people_needed(screen):
            on_validation = PersonErrors(np.array([]), year.screening[1][week], year.screening[0])
            if 1 - signed_rank_p(on_validation.relative) < screen:
                continue
        confidence = 1 - signed_rank_p(PersonErrors(np.array([]), candidate, year.champion).relative)
        passed[week] = confidence >= needed_confidence(_GATES.confidence, uses)
        uses += 1
    return passed


def slices_hold(year: Year, week: int) -> bool:
    """True if the slices gate passes."""
    changes = {}
    for number, mask in enumerate(year.slices):
        if mask.sum() >= _GATES.min_slice_people:
            errors = PersonErrors(np.array([]), year.candidates[week][mask], year.champion[mask])
            changes[str(number)] = slice_change(str(number), errors, year.margin).p_worse
    return not rejected(changes)


def by_bootstrap(year: Year, rng: np.random.Generator) -> Bool[np.ndarray, "W"]:
    """Weeks in which the old comparison passes: the mean is lower in 95 % of the resamples of people."""
    people = len(year.champion)
    counts = rng.multinomial(people, np.full(people, 1 / people), size=_RESAMPLES)
    differences = (year.candidates - year.champion).T
    return (counts @ differences < 0).mean(axis=0) >= _OLD_CONFIDENCE


def old_slices_hold(year: Year, week: int) -> bool:
    """True if no slice's root mean square error grew by more than the old factor."""
    for mask in year.slices:
        if mask.sum() >= _OLD_PEOPLE:
            new, old = (np.sqrt(np.mean(errors[mask] ** 2)) for errors in (year.candidates[week], year.champion))
            if new > _OLD_RATIO * old:
                return False
    return True


@dataclass(frozen=True)
class Rates:
    """Shares of the simulated years.

    Attributes:
        false_promotion: A candidate that is only as good as the champion was promoted.
        promoted: A better candidate was promoted within four weeks, on a fresh test split.
        promoted_late: The same after half a year of candidates that were as good as the champion.
        good_refused: The slices refused a candidate that is better everywhere.
        harm_refused: The slices refused a candidate that is worse by three margins in one of them.
    """

    false_promotion: float
    promoted: float
    promoted_late: float
    good_refused: float
    harm_refused: float


@dataclass(frozen=True)
class Rule:
    """How candidates are judged.

    Attributes:
        comparison: The weeks of a year in which the comparison passes.
        slices: True if no slice refuses a week's candidate.
    """

    comparison: Callable[[Year, np.random.Generator], Bool[np.ndarray, "W"]]
    slices: Callable[[Year, int], bool]

    def promotes(self, year: Year, weeks: range, rng: np.random.Generator) -> bool:
        """Return True if one of the weeks' candidates is promoted."""
        passed = self.comparison(year.until(weeks.stop), rng)
        return any(passed[week] and self.slices(year, week) for week in weeks)


RULES = {"old": Rule(by_bootstrap, old_slices_hold), "new": Rule(by_account, slices_hold)}


def simulate(rule: Rule, people: int, years: int, seed: int) -> Rates:
    """Simulate years under a rule."""
    rng = np.random.default_rng(seed)
    outcomes = []
    for _ in range(years):
        year = make_year(people, rng)
        better, late = year.better(0), year.better(_LATE)
        outcomes.append(
            (
                rule.promotes(year, range(WEEKS), rng),
                rule.promotes(better, range(MONTH), rng),
                rule.promotes(late, range(_LATE, _LATE + MONTH), rng),
                not rule.slices(better, 0),
                not rule.slices(year.harmful(), 0),
            )
        )
    return Rates(*np.mean(outcomes, axis=0).tolist())


@dataclass(frozen=True)
class Panel:
    """One axis of the figure: rates by their names in `Rates` and on the axis, and the limit that is promised."""

    title: str
    names: tuple[str, ...]
    labels: tuple[str, ...]
    limit: float | None


_PANELS = (
    Panel(
        "Years with a false promotion",
        ("false_promotion",),
        ("52 candidates as good\nas the champion",),
        0.05,
    ),
    Panel(
        "Promoted within four weeks",
        ("promoted", "promoted_late"),
        ("20 % better,\nfresh split", "after half a year"),
        0.8,
    ),
    Panel(
        "Refused by the slices",
        ("good_refused", "harm_refused"),
        ("20 % better\neverywhere", "one slice worse\nby 3 margins"),
        None,
    ),
)


def draw(rates: dict[tuple[str, int], Rates], path: Path) -> None:
    """Draw the rates of both rules side by side."""
    width, few = 0.8 / len(rates), min(people for _, people in rates)
    with figure(11, 3.6, 1, 3) as (drawn, axes):
        for axis, panel in zip(axes, _PANELS, strict=True):
            places = np.arange(len(panel.names))
            for number, ((rule, people), values) in enumerate(rates.items()):
                bars = axis.bar(
                    places + (number - (len(rates) - 1) / 2) * width,
                    [100 * getattr(values, name) for name in panel.names],
                    width * 0.92,
                    color=MUTED if rule == "old" else BLUE,
                    alpha=0.6 if people == few else 1.0,
                    label=f"{rule} rule, {people} people",
                )
                axis.bar_label(bars, fmt="%.0f", fontsize=8)
            if panel.limit is not None:
                axis.axhline(100 * panel.limit, color=INK, linewidth=0.9, linestyle="--")
            axis.set_xticks(places, panel.labels)
            axis.set_ylim(0, 108)
            axis.set_title(panel.title)
        axes[0].set_ylabel("% of simulated years")
        axes[0].legend()
        save(drawn, path)


def measure(folder: Path, people: int, seed: int) -> None:
    """Print the tails of the people's errors, by a package on their frames and on the mirrored ones.

    The two are as good as each other and as different as two trainings may be, on the same people.
    """
    package = Package.load(folder, threads=1)
    package.manifest = package.manifest.model_copy(update={"zoom": None})
    settings = SyntheticSource(kind="synthetic", subjects=people, width=640, height=480, seed=seed)
    means = []
    for index in range(people):
        subject, errors = make_subject(settings, index), []
        chosen = set(np.linspace(0, subject.frames - 1, 7).round().astype(int).tolist())
        for number, (image, points) in enumerate(rearfoot.render(subject)):
            if number in chosen:
                plain = package.predict(image).keypoints
                mirrored = package.predict(np.ascontiguousarray(image[:, ::-1])).keypoints
                assert plain is not None
                assert mirrored is not None
                back = mirrored[[3, 4, 5, 0, 1, 2]] * [-1, 1] + [image.shape[1] - 1, 0]
                scale = package.manifest.input.width / image.shape[1]
                errors.append([np.sqrt(np.nanmean(((found - points) * scale) ** 2)) for found in (plain, back)])
        means.append(np.mean(errors, axis=0))
    logs = np.log(np.array(means))
    ratios = np.abs(logs[:, 0] - logs[:, 1])
    Console().print(
        f"{people} people: log errors have a standard deviation of {logs[:, 0].std():.2f} and a correlation of "
        f"{np.corrcoef(logs.T)[0, 1]:.2f}; of the log ratios half are within {np.median(ratios):.2f}, 95 % within "
        f"{np.quantile(ratios, 0.95):.2f}; the largest is {ratios.max():.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=int, default=1000, help="simulated years (default 1000)")
    parser.add_argument("--people", type=int, nargs="+", default=[20, 60], help="test people (default 20 60)")
    parser.add_argument("--seed", type=int, default=1, help="random seed (default 1)")
    parser.add_argument("--figure", type=Path, help="file for the figure")
    parser.add_argument("--measure", type=Path, help="package folder: measure the tails instead, on 80 rendered people")
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, 80, 11)
        return
    rates = {
        (name, people): simulate(rule, people, arguments.years, arguments.seed)
        for name, rule in RULES.items()
        for people in arguments.people
    }
    table = Table("rule", "people", *(name.replace("_", " ") for name in Rates.__dataclass_fields__), box=None)
    for (rule, people), values in rates.items():
        table.add_row(rule, str(people), *(f"{100 * value:.1f} %" for value in vars(values).values()))
    Console(width=140).print(table)
    if arguments.figure:
        draw(rates, arguments.figure)


if __name__ == "__main__":
    main()
