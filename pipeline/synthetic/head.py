"""A head that can be cut anywhere: skin, fat, skull, brain with its folds and ventricles, eyes, nose, ears, neck.

Coordinates are the head's own, in millimetres: x to its right, y to its front, z upwards. The origin lies between the
commissures, and x = 0 is the midsagittal plane. The cavity of the skull is fitted to the average brain ICBM 152 (2009a
symmetric, Fonov et al. 2011), made smaller by a twentieth, to 3 mm; `midline` has the structures of the midsagittal
plane; other sizes and places follow atlases of the adult head (Talairach and Tournoux 1988). A person's head is this
template, scaled and bent by smooth waves that leave the midsagittal plane in place, with individual landmarks, folds,
ventricles, skull and fat, and with commissures at another height in the skull.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from pipeline.synthetic import midline
from pipeline.synthetic.midline import Midline
from pipeline.synthetic.solids import Ellipsoid, blend, both_sides, distance, falloff, union

Points = Float[np.ndarray, "N 3"]
Field = Float[np.ndarray, "N"]

CENTRE = np.array([0.0, -7.0, 12.0])
"""A point deep in the brain. Every contour is nearly star-shaped about it."""

AIR, CSF, BONE, MARROW, MUSCLE, GRAY, DEEP, WHITE, FAT = 0.02, 0.2, 0.06, 0.5, 0.42, 0.56, 0.63, 0.8, 1.0
"""T1-weighted signal of each tissue."""

_COMMISSURE = 13.0
_CAVITY = (
    Ellipsoid((0, 0, 28), (68, 83, 52.5), pitch=-12),
    *both_sides((37, 11, -16), (26, 28, 30)),
    *both_sides((14, -45, -34), (40, 29, 27)),
    Ellipsoid((0, -33, 5), (68, 58, 47)),
    Ellipsoid((0, -14, -26), (20, 18, 23)),
)
_CEREBELLUM = both_sides((24, -51, -31), (26, 28, 22))
_FACE = (
    Ellipsoid((0, 38, -54), (64, 60, 52)),
    Ellipsoid((0, 50, -92), (42, 42, 30)),
    Ellipsoid((0, 8, -58), (68, 50, 42)),
    Ellipsoid((0, 94, -32), (13, 14, 22), pitch=-25),
    Ellipsoid((0, 100, -48), (14, 15, 9)),
    *both_sides((76, -16, -30), (11, 13, 26)),
)
_NECK = Ellipsoid((0, -28, -150), (60, 62, 120))
_ORBITS = both_sides((31, 67, -27), (18, 25, 17))
_EYES = both_sides((32, 77, -27), (12.5, 12.5, 12.5))
_LENSES = both_sides((32, 87, -27), (5, 2.5, 5))
_MUSCLES = (*both_sides((26, 55, -27), (4, 16, 3)), *both_sides((40, 58, -27), (3, 15, 5)))
_AIRWAYS = (
    *both_sides((6, 68, -50), (5, 24, 15)),
    *both_sides((29, 64, -55), (12, 15, 14)),
    Ellipsoid((0, 28, -34), (13, 15, 11)),
    Ellipsoid((0, 12, -72), (11, 6, 30)),
    Ellipsoid((0, 90, 0), (14, 4, 10)),
    *both_sides((56, -24, -46), (11, 13, 15)),
    Ellipsoid((0, 52, -76), (26, 30, 2.5)),
)
_TONGUE = Ellipsoid((0, 48, -92), (24, 30, 15))
_CLIVUS = Ellipsoid((0, 2, -44), (11, 6, 21), pitch=30)
_CISTERNS = (
    *both_sides((46, 10, -4), (14, 26, 2.6)),
    Ellipsoid((0, -42, -55), (16, 10, 6)),
)
# standard deviation between people, millimetres
_THICKNESS = {"callosum": 0.5, "fornix": 0.5, "third": 0.8, "behind": 1.2, "before": 1.2, "vermis": 1.0, "septum": 0.5}
_NUCLEI = (
    *both_sides((10, -14, 6), (8, 14, 9)),
    *both_sides((25, 5, 2), (6, 19, 10)),
    *both_sides((13, 24, 9), (6, 9, 9)),
)


@dataclass(frozen=True)
class _Wave:
    """A sum of smooth waves in space."""

    vectors: Float[np.ndarray, "W 3"]
    phases: Float[np.ndarray, "W"]
    amplitude: float

    @classmethod
    def draw(cls, rng: np.random.Generator, count: int, lengths: tuple[float, float], amplitude: float) -> "_Wave":
        directions = rng.normal(size=(count, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        vectors = directions * (2 * np.pi / rng.uniform(*lengths, (count, 1)))
        return cls(vectors.astype(np.float32), rng.uniform(0, 2 * np.pi, count).astype(np.float32), amplitude)

    def at(self, points: Points) -> Field:
        """Return the sum of the waves at points. Its root mean square over space is the amplitude."""
        waves = np.sin(points.astype(np.float32) @ self.vectors.T + self.phases)
        return self.amplitude * np.sqrt(2 / len(self.phases)) * waves.sum(axis=1)


def _times(half: tuple[float, float, float], size: float) -> tuple[float, float, float]:
    x, y, z = half
    return x * size, y * size, z * size


def _moved(solid: Ellipsoid, front: float, up: float) -> Ellipsoid:
    x, y, z = solid.centre
    return replace(solid, centre=(x, y + front, z + up))


class MriHead:
    """The head of one person.

    Args:
        rng: Source of the person's individual features.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._scale = rng.normal(1.02, 0.045, 3).clip(0.9, 1.14)
        self._lopsided = float(rng.normal(0, 0.01))
        self._bend = [_Wave.draw(rng, 4, (90, 170), amplitude) for amplitude in (1.2, 1.6, 1.6)]
        self._folds = _Wave.draw(rng, 16, (15, 27), 1.0)
        self._fine = _Wave.draw(rng, 16, (6, 14), 1.0)
        self._flesh = _Wave.draw(rng, 12, (10, 40), 1.0)
        self._skull, self._fat = float(rng.uniform(5, 8.5)), float(rng.uniform(2.5, 7.5))
        self._ventricles, self._rim = float(rng.uniform(0.75, 1.5)), float(rng.uniform(1.0, 4))
        self._cisterns = [replace(each, half=_times(each.half, rng.uniform(0.35, 0.95))) for each in _CISTERNS]
        self._midline = Midline.draw(rng)
        front, up = rng.normal(0, (2.0, 2.5)).clip(-5, 5)
        self._cavity = [_moved(solid, front, up) for solid in _CAVITY[:1]] + list(_CAVITY[1:])
        self._thicker = {name: float(rng.normal(0, spread)) for name, spread in _THICKNESS.items()}
        ends = np.array([[0, _COMMISSURE, 0], [0, -_COMMISSURE, 0]])
        self.commissures = self._unbent(ends)
        """Anterior and posterior commissure, in the head's coordinates."""
        forward = self.commissures[0] - self.commissures[1]
        y = forward / np.linalg.norm(forward)
        self.axes = np.stack([np.array([1.0, 0, 0]), y, np.cross([1.0, 0, 0], y)])
        """Unit vectors as rows: to the right, from the posterior to the anterior commissure, upwards."""

    def _bent(self, points: Points) -> Points:
        """Map points of this person's head to the template head."""
        shifts = np.stack([wave.at(points) for wave in self._bend], axis=1)
        shifts[:, 0] *= np.tanh(points[:, 0] / 25)
        bent = points / self._scale + shifts
        bent[:, 0] *= 1 + self._lopsided * np.tanh(points[:, 0] / 25)
        return bent

    def _unbent(self, points: Points) -> Points:
        """Map points of the template head to this person's head, by fixed-point iteration."""
        solution = points * self._scale
        for _ in range(40):
            solution = solution + (points - self._bent(solution)) * self._scale
        return solution

    def cavity(self, points: Points) -> Field:
        """Return the approximate distance from the inner side of the skull in millimetres, negative inside."""
        return union(self._bent(points), self._cavity, 3.0)

    def outermost(self, start: Points, directions: Points) -> Points:
        """Return the points where rays leave the cavity for the last time; NaN for rays that never enter it."""
        steps = np.arange(0, 140, 2.0)
        along = start[:, None] + steps[None, :, None] * directions[:, None]
        inside = (self.cavity(along.reshape(-1, 3)) < 0).reshape(len(start), -1)
        last = np.where(inside.any(axis=1), inside.shape[1] - 1 - inside[:, ::-1].argmax(axis=1), 0)
        low, high = steps[last], steps[last] + 2.0
        for _ in range(14):
            middle = (low + high) / 2
            within = self.cavity(start + middle[:, None] * directions) < 0
            low, high = np.where(within, middle, low), np.where(within, high, middle)
        exits = start + low[:, None] * directions
        return np.where(inside.any(axis=1, keepdims=True), exits, np.nan)

    def box(self) -> tuple[Float[np.ndarray, "3"], Float[np.ndarray, "3"]]:
        """Return the lowest and highest coordinate of the cavity along the axes, from between the commissures."""
        turn, rise = np.arange(6000) * np.pi * (3 - np.sqrt(5)), np.linspace(-1, 1, 6000)
        flat = np.sqrt(1 - rise**2)
        directions = np.stack([flat * np.cos(turn), flat * np.sin(turn), rise], axis=1)
        surface = self.outermost(np.broadcast_to(CENTRE, directions.shape), directions)
        along = (surface - self.commissures.mean(axis=0)) @ self.axes.T
        return along.min(axis=0), along.max(axis=0)

    def signal(self, points: Points) -> Field:
        """Return the T1-weighted signal at points, 0 to 1."""
        bent = self._bent(points).astype(np.float32)
        inner = union(bent, self._cavity, 3.0)
        outer = np.minimum(union(bent, (*_FACE, _NECK), 6.0), inner - self._skull - self._fat - 2.0)
        signal = np.full(len(points), AIR, np.float32)
        near = np.asarray(outer < 4)
        signal[near] = self._flesh_signal(bent[near], inner[near], outer[near])
        inside = np.asarray(inner < 3)
        brain = self._brain_signal(bent[inside], inner[inside])
        signal[inside] = blend(signal[inside], brain, inner[inside])
        return signal

    def _flesh_signal(self, p: Points, inner: Field, outer: Field) -> Field:
        """Return the signal of everything outside the cavity of the skull."""
        signal = blend(np.full(len(p), AIR), 0.5 + 0 * outer, outer)
        signal = blend(signal, FAT, outer + 1.6)
        lean = MUSCLE + 0.13 * self._flesh.at(p)
        signal = blend(signal, lean, outer + 1.6 + self._fat)
        signal = blend(signal, FAT, union(p, _ORBITS, 2.0))
        for solid, value in ((_TONGUE, 0.5), (_CLIVUS, 0.75)):
            signal = blend(signal, value, distance(p, solid))
        spine = np.hypot(p[:, 0], p[:, 1] + 9 + 0.1 * (p[:, 2] + 65)) - 9
        discs = np.abs((p[:, 2] + 70) % 19 - 9.5)
        signal = blend(signal, MARROW - 0.3 * (discs > 8), np.maximum(spine, p[:, 2] + 62))
        canal = np.hypot(p[:, 0], p[:, 1] + 28)
        signal = blend(signal, CSF, np.maximum(canal - 9, p[:, 2] + 50))
        for tube in _AIRWAYS:
            signal = blend(signal, AIR, distance(p, tube) + 0.8 * self._fine.at(p))
        shell = np.abs(inner - self._skull / 2) - self._skull / 2
        signal = blend(signal, BONE, np.maximum(shell, -(p[:, 2] + 40) - 8))
        diploe = np.abs(inner - self._skull / 2) - 0.16 * self._skull
        signal = blend(signal, MARROW, np.maximum(diploe, 10 - p[:, 2]))
        for parts, value in ((_MUSCLES, MUSCLE), (_EYES, CSF), (_LENSES, 0.35)):
            signal = blend(signal, value, union(p, parts, 0.5))
        cord = self._outline("brainstem", self._midline.places(p)) + 4 * (p[:, 0] / 9) ** 2
        return blend(signal, WHITE - 0.08, cord)

    def _outline(self, name: str, places: Float[np.ndarray, "N 2"]) -> Field:
        """Return the distance from a structure of the midline in its plane, as thick as this person's."""
        return midline.distance(name, places) - self._thicker.get(name, 0.0)

    def _brain_signal(self, p: Points, inner: Field) -> Field:
        """Return the signal of everything inside the cavity of the skull."""
        folds, across, places = np.abs(self._folds.at(p)), np.abs(p[:, 0]), self._midline.places(p)
        core = np.maximum(midline.distance("core", places), across - 24)
        gap = across - 0.5 * self._ventricles
        # cortex lies under the skull, and on both sides of the gap between the hemispheres
        depth = np.minimum(-inner, np.maximum(gap + self._rim, -core))
        deep = distance(p, Ellipsoid((0, -3, 8), (38, 50, 26)))  # there is no cortex inside it
        groove = 0.42 * falloff(depth, 3, 17) * falloff(-deep, -10, 0)
        ribbon = 0.8 * falloff(depth, 10, 26) * falloff(-deep, -8, 2)
        signal = np.full(len(p), WHITE)
        signal = blend(signal, GRAY, (folds - groove - ribbon) * 5)
        signal = blend(signal, GRAY, depth - self._rim - 3.5)
        signal = blend(signal, CSF, (folds - groove) * 5)
        signal = blend(signal, CSF, np.maximum(gap, -core))
        signal = blend(signal, CSF, -inner - self._rim)
        signal = blend(signal, CSF, union(p, self._cisterns, 2.0))
        return self._hindbrain(p, self._deep_brain(p, signal, across, places), across, places)

    def _hindbrain(self, p: Points, signal: Field, across: Field, places: Float[np.ndarray, "N 2"]) -> Field:
        """Blend cisterns, cerebellum and brainstem into the signal."""
        vermis = np.maximum(self._outline("vermis", places), across - 12)
        cerebellum = np.minimum(union(p, _CEREBELLUM, 2.0), vermis)
        signal = blend(signal, CSF, np.maximum(cerebellum - 2.5, p[:, 2] + 3))
        for cistern in ("behind", "before"):
            signal = blend(signal, CSF, self._outline(cistern, places) + 3 * (across / 10) ** 2)
        # leaves of gray matter around white branches that spread from the roof of the fourth ventricle
        y, z = places[:, 0] + 38, places[:, 1] + 27
        branches = np.cos(9 * np.arctan2(z, y) + 1.5 * self._folds.at(p)) * falloff(np.hypot(y, z), 16, 26)
        folia = np.sin(np.hypot(z, y) * 1.15 + 2.0 * self._folds.at(p))
        pith = falloff(distance(p, Ellipsoid((0, -46, -30), (30, 11, 9))), -5, 4) * falloff(-across, -14, -4)
        leaves = GRAY + 0.06 * folia + 0.1 * np.maximum(branches, 0) + 0.2 * pith
        signal = blend(signal, leaves, cerebellum)
        signal = blend(signal, CSF, np.maximum(self._outline("fourth", places), across - 8))
        signal = blend(signal, WHITE - 0.08, self._outline("brainstem", places) + 5 * (across / 14) ** 2)
        return blend(signal, WHITE - 0.12, np.maximum(self._outline("tectum", places), across - 8))

    def _deep_brain(self, p: Points, signal: Field, across: Field, places: Float[np.ndarray, "N 2"]) -> Field:
        """Blend corpus callosum, nuclei, ventricles and commissures into the signal."""
        size = self._ventricles
        signal = blend(signal, DEEP, np.maximum(midline.distance("core", places), across - 9))
        callosum, third = self._outline("callosum", places), self._outline("third", places)
        signal = blend(signal, WHITE - 0.02, np.maximum(callosum, across - 24))
        signal = blend(signal, DEEP, union(p, _NUCLEI, 1.0))
        horns = (
            *both_sides((3.5 + 4.5 * size, 11, 18), (5 * size, 25, 6 * size)),
            *both_sides((24, -30, 10), (7 * size, 13, 7 * size)),
        )
        signal = blend(signal, CSF, np.maximum(union(p, horns, 1.0), -callosum))
        signal = blend(signal, WHITE, np.maximum(callosum, across - 18))
        signal = blend(signal, CSF, np.maximum(third, across - 1.2 - 1.2 * size))
        signal = blend(signal, CSF + 0.22, np.maximum(self._outline("septum", places), across - 1.6))
        signal = blend(signal, DEEP, np.maximum(self._outline("adhesion", places), across - 4))
        signal = blend(signal, WHITE, np.maximum(self._outline("fornix", places), across - 3.5))
        small = (
            (Ellipsoid((0, _COMMISSURE, 0), (10, 2.2, 2.6)), WHITE),
            (Ellipsoid((0, -_COMMISSURE, 0), (8, 2.0, 2.2)), WHITE),
            (Ellipsoid((0, -18, 3), (3, 4, 2.5)), GRAY),
            (Ellipsoid((0, 13, -11), (8, 4, 2)), WHITE),
            (Ellipsoid((0, 4, -9), (5, 2.5, 2.5)), WHITE),
            (Ellipsoid((0, 15, -24), (5, 4, 4)), DEEP),
        )
        for part, value in small:
            signal = blend(signal, value, distance(p, part))
        return signal
