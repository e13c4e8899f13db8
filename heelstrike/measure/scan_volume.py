"""The volume that an MRI scan has to cover, from landmarks on axial, coronal and sagittal scout planes of a head.

The patient lies as he likes, so no plane cuts the head straight. What holds at any pose:

- Where the midline is seen on an axial or coronal plane, a point of the midsagittal plane is known in all three
  coordinates. The midsagittal plane is the least-squares plane through all of them; its normal is the axis x.
- The commissures are labelled on the sagittal plane, which passes them by some millimetres: what is labelled is their
  projection along that plane's normal. Each lies where the line along the normal meets the midsagittal plane. From the
  posterior to the anterior one runs the axis y; z is perpendicular to both. As a projection adds as many equations as
  unknowns, it takes no part in the fit of the midsagittal plane: both together are the least-squares solution.
- The faces of the volume lie at the outermost landmarks along the axes, of whichever plane, and a margin beyond.

Which kind of plane an image is, and which side is left, its placement says; names of keypoints do not.

What two planes both tell must agree: the distances of the midline's points from the midsagittal plane, and each
face's place as seen on one plane and on another. The root of their summed squares over the degrees of freedom is the
disagreement: it estimates the standard deviation of a landmark's coordinate, anatomy and movement included.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from heelstrike.measure.base import Measurement
from heelstrike.measure.exam import Exam
from heelstrike.measure.settings import ScanVolumeSettings

_PLANES = {"sagittal": 0, "coronal": 1, "axial": 2}  # axis of the patient that the normal is nearest to
_SPREAD = 0.05  # of a plane's points: the lesser to the greater spread; below it they lie on a line
_STEEP = 0.5  # cosine between the midsagittal plane's normal and the sagittal plane's, at least
_AXES = "xyz"
_PATIENT = "ras"


class NoVolume(Exception):
    """Why there is none: a code, and the same for a person."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


@dataclass(frozen=True)
class Volume:
    """An oriented box.

    Attributes:
        centre: Patient coordinates, mm.
        axes: Unit vectors as rows: x to the right, y from the posterior to the anterior commissure, z to the head.
        extents: Length along each axis, mm.
        disagreement: Between planes, mm; NaN where nothing is told twice.
        commissures: Their distance, mm.
        faces: Of each face its place along its axis as each plane tells it, from between the commissures, mm.
    """

    centre: Float[np.ndarray, "3"]
    axes: Float[np.ndarray, "3 3"]
    extents: Float[np.ndarray, "3"]
    disagreement: float
    commissures: float
    faces: dict[str, dict[str, float]]


class ScanVolume:
    """See `ExamMeasure` and the module.

    Args:
        settings: Which keypoints, limits, and the margin.
        keypoints: Names of all keypoints, in the order of every array.
        min_confidence: Points below it count as missing.
    """

    name = "scan_volume"
    title = "scan volume"
    quantities: tuple[str, ...] = (
        *(f"centre_{axis}" for axis in _PATIENT),
        *(f"{axis}_{along}" for axis in _AXES for along in _PATIENT),
        *(f"extent_{axis}" for axis in _AXES),
        "disagreement",
    )
    kinds: tuple[str, ...] = ("centre", "angle", "extent")
    units: tuple[str, ...] = ("mm", "deg", "mm")
    quality = "disagreement"
    suffix = ".volume.json"

    def __init__(self, settings: ScanVolumeSettings, keypoints: tuple[str, ...], min_confidence: float) -> None:
        self.settings, self.min_confidence = settings, min_confidence
        self._number = {name: keypoints.index(name) for names in settings.planes.values() for name in names}

    def measure(self, exam: Exam) -> Measurement:
        """Centre and axes in patient coordinates, extents, and how far the planes disagree."""
        sure = np.isfinite(exam.keypoints).all(axis=2) & (exam.confidence >= self.min_confidence)
        try:
            volume = self._volume(exam, sure)
            self._check(volume)
        except NoVolume as why:
            return Measurement(self.name, "mm", reason=why.reason, message=why.message)
        missing = self._missing(exam, sure)
        found = dict(zip(self.quantities, _flat(volume).tolist(), strict=True))
        numbers = {name: value for name, value in found.items() if np.isfinite(value)}
        return Measurement(
            self.name,
            "mm",
            warnings=(f"missing_point: not found, but done without: {', '.join(missing)}",) if missing else (),
            values=numbers,
            units={name: "ratio" for name in numbers if name[0] in _AXES},
            details=_details(volume),
        )

    def values(self, exam: Exam) -> Float[np.ndarray, "16"]:
        """Centre (3), axes (3 x 3), extents (3) and disagreement; see `quantities`."""
        try:
            return _flat(self._volume(exam, np.isfinite(exam.keypoints).all(axis=2)))
        except NoVolume:
            return np.full(len(self.quantities), np.nan)

    def errors(self, predicted: Float[np.ndarray, "16"], truth: Float[np.ndarray, "16"]) -> Float[np.ndarray, "3"]:
        """Distance of the centres, angle of the rotation between the axes, mean difference of the extents."""
        turn = predicted[3:12].reshape(3, 3) @ truth[3:12].reshape(3, 3).T
        # the sine is exact where the cosine is flat: near zero, where it matters
        sine = np.linalg.norm(turn - turn.T) / np.sqrt(8)
        angle = np.degrees(np.arctan2(sine, (np.trace(turn) - 1) / 2))
        off = predicted[:3] - truth[:3], predicted[12:15] - truth[12:15]
        return np.array([np.linalg.norm(off[0]), angle, np.abs(off[1]).mean()])

    def _volume(self, exam: Exam, sure: Bool[np.ndarray, "M K"]) -> Volume:
        planes = _planes_of(exam)
        _require_planes(exam, planes, self.settings.min_plane_angle_deg)
        points, found = exam.points, dict[str, list[int]]()
        for plane, names in self.settings.planes.items():
            for name in names:
                found[name] = [i for i in planes.get(plane, []) if sure[i, self._number[name]]]

        def seen(name: str) -> Float[np.ndarray, "N 3"]:
            return points[found[name], self._number[name]]

        midline = np.concatenate([seen(name) for name in self.settings.midline])
        middle, x = _midsagittal(midline)
        ends = []
        for name in (self.settings.anterior, self.settings.posterior):
            if not found[name]:
                raise NoVolume("missing_point", f"not found with a confidence of {self.min_confidence:g}: {name}")
            ends.append(_onto_plane(seen(name), exam.normals[found[name]], middle, x))
        forward = ends[0] - ends[1]
        commissures = float(np.linalg.norm(forward))
        if commissures == 0:
            raise NoVolume("commissures", "the commissures fall on one point")
        y = forward / commissures
        axes = np.stack([x, y, np.cross(x, y)])
        origin = (ends[0] + ends[1]) / 2
        along = {name: (seen(name) - origin) @ axes.T for name in found}
        faces = self._faces(along)
        place = np.array([_outermost(number, told) for number, told in enumerate(faces.values())]).reshape(3, 2)
        return Volume(
            origin + place.mean(axis=1) @ axes,
            axes,
            place[:, 1] - place[:, 0] + 2 * self.settings.margin_mm,
            _disagreement((midline - middle) @ x, faces),
            commissures,
            faces,
        )

    def _faces(self, along: dict[str, Float[np.ndarray, "N 3"]]) -> dict[str, dict[str, float]]:
        """Of each face its place along its axis by each plane that shows it."""
        faces: dict[str, dict[str, float]] = {}
        for number, (face, names) in enumerate(self.settings.faces.items()):
            faces[face] = {}
            for plane, of_plane in self.settings.planes.items():
                outward = 1 if number % 2 else -1
                told = [outward * along[name][:, number // 2] for name in names if name in of_plane]
                # from between the commissures: of both sides' points those of this side
                outside = [value for values in told for value in values.tolist() if value > 0]
                if outside:
                    faces[face][plane] = outward * max(outside)
            if not faces[face]:
                raise NoVolume("missing_point", f"nothing was found that shows the {face}: {', '.join(names)}")
        return faces

    def _check(self, volume: Volume) -> None:
        low, high = self.settings.commissures_mm
        if not low <= volume.commissures <= high:
            limits = f"outside {low:g} to {high:g} mm"
            raise NoVolume("commissures", f"the commissures would be {volume.commissures:.0f} mm apart, {limits}")
        if (volume.axes.diagonal() < _STEEP).any():
            raise NoVolume("axes", "the head would lie more than 60 degrees off the patient's own axes")
        if volume.disagreement > self.settings.max_disagreement_mm:
            limit = f"more than {self.settings.max_disagreement_mm:g}"
            raise NoVolume("planes_disagree", f"the planes disagree by {volume.disagreement:.1f} mm, {limit}")

    def _missing(self, exam: Exam, sure: Bool[np.ndarray, "M K"]) -> list[str]:
        """Keypoints that no plane of theirs shows."""
        planes = _planes_of(exam)
        return [
            name
            for plane, names in self.settings.planes.items()
            for name in names
            if not sure[planes.get(plane, []), self._number[name]].any()
        ]


def _planes_of(exam: Exam) -> dict[str, list[int]]:
    """Images of each kind of plane, by their normals."""
    names = {axis: name for name, axis in _PLANES.items()}
    found: dict[str, list[int]] = {}
    for image, normal in enumerate(exam.normals):
        if np.isfinite(normal).all():
            found.setdefault(names[int(np.abs(normal).argmax())], []).append(image)
    return found


def _require_planes(exam: Exam, planes: dict[str, list[int]], min_angle: float) -> None:
    """There are planes of all three kinds, at an angle to each other."""
    unknown = int((~np.isfinite(exam.normals).all(axis=1)).sum())
    lacking = [name for name in _PLANES if name not in planes]
    if lacking:
        there = ", ".join(f"{len(images)} {name}" for name, images in planes.items()) or "none"
        of_unknown = f"; {unknown} images do not say where in the patient they lie" if unknown else ""
        reason = "placement_unknown" if unknown else "missing_plane"
        raise NoVolume(reason, f"no {' and no '.join(lacking)} plane; found {there}{of_unknown}")
    for first, second in (("axial", "coronal"), ("axial", "sagittal"), ("coronal", "sagittal")):
        cosine = np.abs(exam.normals[planes[first]] @ exam.normals[planes[second]].T).max()
        angle = float(np.degrees(np.arccos(min(cosine, 1.0))))
        if angle < min_angle:
            said = f"an {first} and a {second} plane are at an angle of {angle:.0f} degrees, less than {min_angle:g}"
            raise NoVolume("parallel_planes", said)


def _midsagittal(points: Float[np.ndarray, "N 3"]) -> tuple[Float[np.ndarray, "3"], Float[np.ndarray, "3"]]:
    """A point of the least-squares plane through points, and its normal, towards the patient's right."""
    if len(points) < 3:
        raise NoVolume("missing_point", f"the midline was found at {len(points)} points; three make a plane")
    middle = points.mean(axis=0)
    _, spread, directions = np.linalg.svd(points - middle)
    if spread[1] < _SPREAD * spread[0]:
        raise NoVolume("midline", "the points of the midline lie on a line, so they make no plane")
    normal = directions[2]
    return middle, normal if normal[0] >= 0 else -normal


def _onto_plane(
    points: Float[np.ndarray, "N 3"],
    normals: Float[np.ndarray, "N 3"],
    middle: Float[np.ndarray, "3"],
    x: Float[np.ndarray, "3"],
) -> Float[np.ndarray, "3"]:
    """Where lines through labelled points, along their images' normals, meet the midsagittal plane; the mean."""
    slant = normals @ x
    if (np.abs(slant) < _STEEP).any():
        raise NoVolume("midline", "the midline is more than 60 degrees off the sagittal plane")
    steps = ((middle - points) @ x) / slant
    return (points + steps[:, None] * normals).mean(axis=0)


def _outermost(number: int, told: dict[str, float]) -> float:
    return max(told.values()) if number % 2 else min(told.values())


def _disagreement(off_midline: Float[np.ndarray, "N"], faces: dict[str, dict[str, float]]) -> float:
    """See the module; a plane has three unknowns, a face one."""
    told = [np.array(list(values.values())) for values in faces.values()]
    squares = float(off_midline @ off_midline) + sum(float(((t - t.mean()) ** 2).sum()) for t in told)
    freedom = len(off_midline) - 3 + sum(len(t) - 1 for t in told)
    return float(np.sqrt(squares / freedom)) if freedom else float("nan")


def _flat(volume: Volume) -> Float[np.ndarray, "16"]:
    return np.concatenate([volume.centre, volume.axes.ravel(), volume.extents, [volume.disagreement]])


def _details(volume: Volume) -> dict[str, Any]:
    """The box as a consumer reads it; axes keep six digits, which is 0.1 micrometres at the skull."""
    return {
        "coordinates": "RAS",
        "centre_mm": volume.centre.tolist(),
        "axes": {name: axis.tolist() for name, axis in zip(_AXES, volume.axes, strict=True)},
        "extents_mm": volume.extents.tolist(),
        "disagreement_mm": None if np.isnan(volume.disagreement) else volume.disagreement,
        "commissures_mm": volume.commissures,
        "faces_mm": volume.faces,
    }
