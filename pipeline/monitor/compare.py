"""Compares one window of records with the reference, and puts into words what drifted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from heelstrike.monitor.wire import InputRecord
from pipeline.monitor.features import GROUPS, Feature, features_of, table_of
from pipeline.monitor.statistics import ks_test, shift_test

LEVEL = 0.01
"""Largest share of windows without drift in which anything is reported, over windows and references."""
_OF_SHIFT = 0.9  # the part of the level that the test of shifts has; the rest has the test of distributions
_SHOWN, _DRIFTED = 3, 4


@dataclass(frozen=True)
class Drift:
    """A feature or a group that drifted.

    Attributes:
        name: Name of the feature or the group.
        words: What it is, for a person.
        p: Corrected p-value.
        test: `shift` or `distribution`.
        window: Median in the window; NaN for a group.
        reference: 5 %, 50 % and 95 % quantile of the reference; NaN for a group.
        examples: Ids of the records that are furthest from the reference's median, with their values.
    """

    name: str
    words: str
    p: float
    test: str
    window: float
    reference: tuple[float, float, float]
    examples: tuple[tuple[str, float], ...]

    def sentence(self) -> str:
        """Return the drift in words with numbers."""
        if np.isnan(self.window):
            return f"{self.words}: together they are unlike the reference (p = {self.p:.2g})"
        low, middle, high = self.reference
        way = "higher" if self.window > middle else "lower"
        shown = ", ".join(f"{value:.4g} in {id_[:8]}" for id_, value in self.examples)
        return (
            f"{self.words}: {self.window:.4g}, {way} than {middle:.4g} in the reference, where 90 % of people lie in "
            f"{low:.4g} to {high:.4g} (p = {self.p:.2g}): {shown}"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the drift as JSON; NaN is null."""
        known = not np.isnan(self.window)
        return {
            "name": self.name,
            "p": self.p,
            "test": self.test,
            "window_median": self.window if known else None,
            "reference_5_50_95": list(self.reference) if known else None,
            "examples": [{"id": id_, "value": value} for id_, value in self.examples],
            "words": self.sentence(),
        }


@dataclass(frozen=True)
class Verdict:
    """What a window shows.

    Attributes:
        p: Smallest corrected p-value, times the number of tests; the window drifted if it is at most `LEVEL`.
        drifts: What drifted, the clearest first; empty without drift.
    """

    p: float
    drifts: tuple[Drift, ...]

    @property
    def drifted(self) -> bool:
        """True if the window is unlike the reference."""
        return bool(self.drifts)


class Comparer:
    """Compares windows with one reference.

    Args:
        reference: Records of the reference, one of each person or video.
        level: Share of windows without drift that may be reported.
        permutations: Number of permutations of the test of shifts.
    """

    def __init__(self, reference: list[InputRecord], level: float = LEVEL, permutations: int = 9999) -> None:
        bones = max((len(record.geometry.bones) for record in reference), default=0)
        self.level, self._permutations = level, permutations
        self._features = features_of(bones)
        self._table = table_of(reference, self._features)

    def compare(self, window: list[InputRecord]) -> Verdict:
        """Test a window."""
        table = table_of(window, self._features)
        used = self._used(table)
        if not used:  # the records of window and reference are all alike
            return Verdict(1.0, ())
        features = [self._features[column] for column in used]
        groups = [(name, [i for i, feature in enumerate(features) if feature.group == name]) for name in GROUPS]
        groups = [(name, columns) for name, columns in groups if len(columns) > 1]
        shift = shift_test(table[:, used], self._table[:, used], [columns for _, columns in groups], self._permutations)
        distributions = ks_test(table[:, used], self._table[:, used])
        p = min(shift.p / _OF_SHIFT, float(distributions.min()) / (1 - _OF_SHIFT))
        drifts = []
        for i, (column, feature) in enumerate(zip(used, features, strict=True)):
            shifted, other = shift.features[i] / _OF_SHIFT, float(distributions[i]) / (1 - _OF_SHIFT)
            if min(shifted, other) <= self.level:
                test = "shift" if shifted <= other else "distribution"
                drifts.append(self._drift(feature, column, min(shifted, other), test, table[:, column], window))
        known = {self._group(drift.name) for drift in drifts}
        for (name, columns), group_p in zip(groups, shift.groups.tolist(), strict=True):
            if group_p / _OF_SHIFT <= self.level and name not in known:
                words = f"{name} ({', '.join(features[i].words for i in columns)})"
                nothing = (np.nan, np.nan, np.nan)
                drifts.append(Drift(name, words, group_p / _OF_SHIFT, "shift", np.nan, nothing, ()))
        return Verdict(min(p, 1.0), tuple(sorted(drifts, key=lambda drift: drift.p)))

    def _used(self, window: Float[np.ndarray, "M F"]) -> list[int]:
        """Return the columns that a test can use: those that differ anywhere, and that half of the reference has.

        What the reference lacks, for instance since an older Heelstrike made it, cannot be compared.
        """
        there = ~np.isnan(self._table)
        both = np.concatenate([window, self._table])
        return [
            column
            for column, values in enumerate(both.T)
            if there[:, column].mean() >= 0.5 and np.ptp(values[~np.isnan(values)]) > 0
        ]

    def _group(self, name: str) -> str:
        return next(feature.group for feature in self._features if feature.name == name)

    def _drift(
        self,
        feature: Feature,
        column: int,
        p: float,
        test: str,
        values: Float[np.ndarray, " M"],
        window: list[InputRecord],
    ) -> Drift:
        reference = self._table[~np.isnan(self._table[:, column]), column]
        low, middle, high = np.quantile(reference, [0.05, 0.5, 0.95]).tolist() if len(reference) else (np.nan,) * 3
        known = [(record.id, float(value)) for record, value in zip(window, values, strict=True) if not np.isnan(value)]
        known.sort(key=lambda one: -abs(one[1] - middle))
        median = float(np.nanmedian(values)) if known else np.nan
        return Drift(feature.name, feature.words, p, test, median, (low, middle, high), tuple(known[:_SHOWN]))
