"""The volume that an MRI scan has to cover, from landmarks on axial, coronal and sagittal scout planes of a head.

The head may be in any pose, so the planes do not cut it straight. The method does not depend on the pose:

- A landmark of the midline on an axial or coronal plane is a point of the midsagittal plane with known coordinates. The
  midsagittal plane is the least-squares plane through all these points; its normal is the axis x.
- The commissures are labelled on the sagittal plane, which is some millimetres away from them, so the labels are their
  projections along that plane's normal. Each commissure is where the line along the normal meets the midsagittal plane.
  The axis y runs from the posterior to the anterior one; z is perpendicular to x and y. A projection adds as many
  equations as unknowns, so the commissures do not change the fit of the midsagittal plane.
- Each face of the volume is a margin beyond the outermost landmark along its axis, on whichever plane that is.

The placement of an image tells the kind of plane and which side is left; names of keypoints do not.

Planes must agree: the points of the midline must lie on the midsagittal plane, and a face must have the same position
on all planes that show it. The disagreement is the root of the summed squared deviations over the degrees of freedom.
It estimates the standard deviation of a landmark's coordinate, including anatomy and movement.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from heelstrike.measure.base import Measurement
from heelstrike.measure.exam import Exam
from heelstrike.measure.settings import ScanVolumeSettings

_PLANES = {"sagittal": 0, "coronal": 1, "axial": 2}  # index of the patient axis that is nearest to the normal
_SPREAD = 0.05  # ratio of smaller to larger spread below which points lie on a line
_STEEP = 0.5  # smallest cosine between the normals of the midsagittal plane and of a sagittal plane
_AXES = "xyz"
_PATIENT = "ras"


class NoVolume(Exception):
    """Raised if the volume cannot be measured, with the reason as a code and as a sentence."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


@dataclass(frozen=True)
class Volume:
    """The volume to scan, an oriented box.

    Attributes:
        centre: Centre in patient coordinates, mm.
        axes: Unit vectors as rows: x to the right, y from the posterior to the anterior commissure, z to the head.
        extents: Length along each axis, mm.
        disagreement: Disagreement between planes, mm; NaN if nothing is on more than one plane.
        commissures: Distance between the commissures, mm.
        faces: Position of each face along its axis on each plane, from the middle between the commissures, mm.
    """

    centre: Float[np.ndarray, "3"]
    axes: Float[np.ndarray, "3 3"]
    extents: Float[np.ndarray, "3"]
    disagreement: float
    commissures: float
    faces: dict[str, dict[str, float]]


class ScanVolume:
    """The measure of the volume to scan; the module explains the method.

    Args:
        settings: Names of the keypoints, limits, and the margin.
        keypoints: Names of all keypoints, in the order of every array.
        min_confidence: A keypoint of lower confidence counts as missing.
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
        """Measure centre and axes in patient coordinates, extents, and the disagreement between planes."""
        sure = np.isfinite(exam.keypoints).all(axis=2) & (exam.confidence >= self.min_confidence)
        try:
            volume = self._volume(exam, sure)
            self._check(volume)
        except NoVolume as error:
            return Measurement(self.name, "mm", reason=error.reason, message=error.message)
        missing = self._missing(exam, sure)
        quantities = dict(zip(self.quantities, _flat(volume).tolist(), strict=True))
        numbers = {name: value for name, value in quantities.items() if np.isfinite(value)}
        return Measurement(
            self.name,
            "mm",
            warnings=(f"missing_point: not found, but done without: {', '.join(missing)}",) if missing else (),
            values=numbers,
            units={name: "ratio" for name in numbers if name[0] in _AXES},
            details=_details(volume),
        )

    def values(self, exam: Exam) -> Float[np.ndarray, "16"]:
        """Return centre (3), axes (3 x 3), extents (3) and disagreement, in the order of `quantities`."""
        try:
            return _flat(self._volume(exam, np.isfinite(exam.keypoints).all(axis=2)))
        except NoVolume:
            return np.full(len(self.quantities), np.nan)

    def errors(self, predicted: Float[np.ndarray, "16"], truth: Float[np.ndarray, "16"]) -> Float[np.ndarray, "3"]:
        """Return the distance of the centres, the angle between the axes, and the mean difference of the extents."""
        turn = predicted[3:12].reshape(3, 3) @ truth[3:12].reshape(3, 3).T
        # with the sine, since the cosine is inaccurate at small angles
        sine = np.linalg.norm(turn - turn.T) / np.sqrt(8)
        angle = np.degrees(np.arctan2(sine, (np.trace(turn) - 1) / 2))
        centre, extents = predicted[:3] - truth[:3], predicted[12:15] - truth[12:15]
        return np.array([np.linalg.norm(centre), angle, np.abs(extents).mean()])

    def _volume(self, exam: Exam, sure: Bool[np.ndarray, "M K"]) -> Volume:
        planes = _planes_of(exam)
        _require_planes(exam, planes, self.settings.min_plane_angle_deg)
        points, images = exam.points, dict[str, list[int]]()
        for plane, names in self.settings.planes.items():
            for name in names:
                images[name] = [i for i in planes.get(plane, []) if sure[i, self._number[name]]]

        def points_named(name: str) -> Float[np.ndarray, "N 3"]:
            return points[images[name], self._number[name]]

        midline = np.concatenate([points_named(name) for name in self.settings.midline])
        middle, x = _midsagittal(midline)
        ends = []
        for name in (self.settings.anterior, self.settings.posterior):
            if not images[name]:
                raise NoVolume("missing_point", f"not found with a confidence of {self.min_confidence:g}: {name}")
            ends.append(_onto_plane(points_named(name), exam.normals[images[name]], middle, x))
        forward = ends[0] - ends[1]
        commissures = float(np.linalg.norm(forward))
        if commissures == 0:
            raise NoVolume("commissures", "the commissures fall on one point")
        y = forward / commissures
        axes = np.stack([x, y, np.cross(x, y)])
        origin = (ends[0] + ends[1]) / 2
        along = {name: (points_named(name) - origin) @ axes.T for name in images}
        faces = self._faces(along)
        place = np.array([_outermost(number, positions) for number, positions in enumerate(faces.values())]).reshape(
            3, 2
        )
        return Volume(
            origin + place.mean(axis=1) @ axes,
            axes,
            place[:, 1] - place[:, 0] + 2 * self.settings.margin_mm,
            _disagreement((midline - middle) @ x, faces),
            commissures,
            faces,
        )

    def _faces(self, along: dict[str, Float[np.ndarray, "N 3"]]) -> dict[str, dict[str, float]]:
        """Return the position of each face along its axis, for each plane that shows it."""
        faces: dict[str, dict[str, float]] = {}
        for number, (face, names) in enumerate(self.settings.faces.items()):
            faces[face] = {}
            for plane, of_plane in self.settings.planes.items():
                outward = 1 if number % 2 else -1
                positions = [outward * along[name][:, number // 2] for name in names if name in of_plane]
                # measured from between the commissures, points of this side are positive
                outside = [value for values in positions for value in values.tolist() if value > 0]
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
        """Return the keypoints that are missing on all their planes."""
        planes = _planes_of(exam)
        return [
            name
            for plane, names in self.settings.planes.items()
            for name in names
            if not sure[planes.get(plane, []), self._number[name]].any()
        ]


def _planes_of(exam: Exam) -> dict[str, list[int]]:
    """Return the images of each kind of plane, by their normals."""
    names = {axis: name for name, axis in _PLANES.items()}
    planes: dict[str, list[int]] = {}
    for image, normal in enumerate(exam.normals):
        if np.isfinite(normal).all():
            planes.setdefault(names[int(np.abs(normal).argmax())], []).append(image)
    return planes


def _require_planes(exam: Exam, planes: dict[str, list[int]], min_angle: float) -> None:
    """Require planes of all three kinds at sufficient angles to each other."""
    unknown = int((~np.isfinite(exam.normals).all(axis=1)).sum())
    lacking = [name for name in _PLANES if name not in planes]
    if lacking:
        present = ", ".join(f"{len(images)} {name}" for name, images in planes.items()) or "none"
        unplaced = f"; {unknown} images do not say where in the patient they lie" if unknown else ""
        reason = "placement_unknown" if unknown else "missing_plane"
        raise NoVolume(reason, f"no {' and no '.join(lacking)} plane; found {present}{unplaced}")
    for first, second in (("axial", "coronal"), ("axial", "sagittal"), ("coronal", "sagittal")):
        cosine = np.abs(exam.normals[planes[first]] @ exam.normals[planes[second]].T).max()
        angle = float(np.degrees(np.arccos(min(cosine, 1.0))))
        if angle < min_angle:
            message = f"an {first} and a {second} plane are at an angle of {angle:.0f} degrees, less than {min_angle:g}"
            raise NoVolume("parallel_planes", message)


def _midsagittal(points: Float[np.ndarray, "N 3"]) -> tuple[Float[np.ndarray, "3"], Float[np.ndarray, "3"]]:
    """Return a point of the least-squares plane through the points, and its normal towards the patient's right."""
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
    """Return the mean of where lines through the points, along their images' normals, meet the midsagittal plane."""
    slant = normals @ x
    if (np.abs(slant) < _STEEP).any():
        raise NoVolume("midline", "the midline is more than 60 degrees off the sagittal plane")
    steps = ((middle - points) @ x) / slant
    return (points + steps[:, None] * normals).mean(axis=0)


def _outermost(number: int, positions: dict[str, float]) -> float:
    return max(positions.values()) if number % 2 else min(positions.values())


def _disagreement(off_midline: Float[np.ndarray, "N"], faces: dict[str, dict[str, float]]) -> float:
    """Return the disagreement that the module explains. A plane has three unknowns, a face has one."""
    positions = [np.array(list(values.values())) for values in faces.values()]
    squares = float(off_midline @ off_midline) + sum(float(((t - t.mean()) ** 2).sum()) for t in positions)
    freedom = len(off_midline) - 3 + sum(len(t) - 1 for t in positions)
    return float(np.sqrt(squares / freedom)) if freedom else float("nan")


def _flat(volume: Volume) -> Float[np.ndarray, "16"]:
    return np.concatenate([volume.centre, volume.axes.ravel(), volume.extents, [volume.disagreement]])


def _details(volume: Volume) -> dict[str, Any]:
    """Return the box as it is in result files."""
    return {
        "coordinates": "RAS",
        "centre_mm": volume.centre.tolist(),
        "axes": {name: axis.tolist() for name, axis in zip(_AXES, volume.axes, strict=True)},
        "extents_mm": volume.extents.tolist(),
        "disagreement_mm": None if np.isnan(volume.disagreement) else volume.disagreement,
        "commissures_mm": volume.commissures,
        "faces_mm": volume.faces,
    }
