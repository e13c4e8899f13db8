"""Compares the answers of champion and challenger on the same frames."""

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from heelstrike.errors import UserError
from heelstrike.heads.keypoints import present_keypoints
from heelstrike.monitor.recorder import InputOf, quantiles
from heelstrike.monitor.thinned import Thinned
from heelstrike.monitor.wire import Disagreement, Doubtful, ModelOf
from heelstrike.package.manifest import Manifest
from heelstrike.predict.frames import FrameResult
from heelstrike.rounding import round_number

_WORST, _MOST = 8, 4096
_FAR = 0.05  # share of the arrangement's span that keypoints without radii may be apart

Why = Literal["measured", "present", "place", "value"]


class _Seen(NamedTuple):
    """How two models differ about a frame."""

    number: int
    time_s: float | None
    why: Why | None
    excess: float
    px: float
    value: float


class Comparison:
    """Collects the differences of two models frame by frame.

    Two models disagree about a frame if only one of them measures it, if a keypoint is present for only one, if a
    keypoint's two positions are further apart than both radii together, or a value further than both half-widths
    together. What a model itself calls uncertain is no disagreement. Keypoints without radii may be apart by 5 % of
    the span.

    Args:
        champion: Manifest of the model whose answers are given.
        challenger: Manifest of the model in the shadow.

    Raises:
        UserError: They have other keypoints.
    """

    def __init__(self, champion: Manifest, challenger: Manifest) -> None:
        names = [manifest.category.keypoints for manifest in (champion, challenger)]
        if names[0] != names[1]:
            raise UserError(
                f"it has the keypoints {list(names[1])}, the model whose answers are given {list(names[0])}"
            )
        self._manifests = champion, challenger
        self._seen, self._worst = Thinned[_Seen](_MOST), list[_Seen]()
        self._frames, self._disagreed, self._measured_by = 0, 0, [0, 0, 0, 0]
        self._unit: str | None = None

    def add(self, champion: FrameResult, challenger: FrameResult) -> None:
        """Note the two answers about a frame."""
        self._frames += 1
        measured = champion.measured, challenger.measured
        self._measured_by[2 * (not measured[0]) + (not measured[1])] += 1
        seen = self._compared(champion, challenger)
        if self._seen.wants_next():
            self._seen.add(seen)
        if seen.why is not None:
            self._disagreed += 1
            self._worst = sorted([*self._worst, seen], key=lambda one: -one.excess)[:_WORST]

    def disagreement(self, about: InputOf, versions: tuple[str | None, str | None]) -> Disagreement | None:
        """Return what the models disagree about, after the last frame; `None` if they agree about every frame.

        Args:
            about: The input.
            versions: Numbers of the champion's and the challenger's version in the registry; `None` for a folder.
        """
        if not self._disagreed:
            return None
        champion, challenger = (
            ModelOf(problem=manifest.problem, version=version, digest=manifest.digest)
            for manifest, version in zip(self._manifests, versions, strict=True)
        )
        both, first, second, neither = self._measured_by
        return Disagreement(
            **about.fields(),
            frames=self._frames,
            champion=champion,
            challenger=challenger,
            disagreed=self._disagreed,
            measured_by=(both, first, second, neither),
            px=quantiles(np.array([seen.px for seen in self._seen.items])),
            value=quantiles(np.array([seen.value for seen in self._seen.items])),
            unit=self._unit,
            worst=tuple(map(_doubtful, sorted(self._worst))),
        )

    def _compared(self, champion: FrameResult, challenger: FrameResult) -> _Seen:
        first, second = (
            present_keypoints(result.prediction, manifest.confidence)
            for result, manifest in zip((champion, challenger), self._manifests, strict=True)
        )
        px, far, one_sided = np.nan, 0.0, False
        if first is not None and second is not None:
            both, one_sided = first & second, bool((first != second).any())
            px, far = _apart(champion, challenger, both) if both.any() else (np.nan, 0.0)
        value, wide = self._values_apart(champion, challenger)
        reasons: tuple[tuple[Why, bool, float], ...] = (
            ("measured", champion.measured != challenger.measured, 1000.0),
            ("value", wide > 1, 100 + wide),
            ("place", far > 1, 10 + far),
            ("present", one_sided, 1.0),
        )
        why, excess = next(((why, by) for why, holds, by in reasons if holds), (None, 0.0))
        return _Seen(champion.number, champion.time_s, why, excess, px, value)

    def _values_apart(self, champion: FrameResult, challenger: FrameResult) -> tuple[float, float]:
        """Return the largest difference of a value, and the largest in half-widths (NaN and 0 without)."""
        if champion.measurement is None or challenger.measurement is None:
            return np.nan, 0.0
        self._unit = champion.measurement.unit
        names = [
            name
            for name in champion.values.keys() & challenger.values.keys()
            if champion.measurement.unit_of(name) == self._unit
        ]
        if not names:
            return np.nan, 0.0
        differences = {name: abs(champion.values[name] - challenger.values[name]) for name in names}
        widths = (
            (difference, champion.half_widths.get(name, np.inf) + challenger.half_widths.get(name, np.inf))
            for name, difference in differences.items()
        )
        return max(differences.values()), max(
            difference / width if width > 0 else np.inf for difference, width in widths
        )


def _apart(champion: FrameResult, challenger: FrameResult, both: Bool[np.ndarray, " K"]) -> tuple[float, float]:
    """Return the largest distance of keypoints that both have, pixels, and as a multiple of what is allowed."""
    assert champion.keypoints is not None
    assert challenger.keypoints is not None
    points: Float[np.ndarray, "P 2"] = champion.keypoints[both].astype(np.float64)
    distance = np.linalg.norm(points - challenger.keypoints[both], axis=1)
    if champion.radius is None or challenger.radius is None:
        allowed = np.full(len(points), _FAR * max(float(np.ptp(points, axis=0).max()), 1.0))
    else:
        allowed = np.maximum(champion.radius[both] + challenger.radius[both], 1e-6)
    return float(distance.max()), float((distance / allowed).max())


def _doubtful(seen: _Seen) -> Doubtful:
    assert seen.why is not None
    return Doubtful(
        frame=seen.number,
        time_s=round_number(seen.time_s, 3),
        why=seen.why,
        px=round_number(seen.px, 2),
        value=round_number(seen.value, 3),
    )
