"""A footprint package on real ink prints: errors of the heel and of both edges of the ball, in % of the foot's length.

    python -m benchmarks.footprints_real models/footprint/package [--prints FOLDER] [--sheet prints.png]

The prints are phone photographs of 14 feet on a Harris mat's paper; another person's eye checked their labels, which
are no clinical ones. Each foot is cut out by its labels, with the margins of a scan. The photographs have no scale, and
no toe is labelled, so the length of a foot is taken from the heel and the ball, which are at fixed shares of it on
average (pipeline/synthetic/footprint.py); 1 % of a foot of 250 mm is 2.5 mm.
"""

import argparse
import csv
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from rich.console import Console
from rich.table import Table

from heelstrike.images import read_image
from heelstrike.package.runtime import Package

_SAME = {"heel": "heel_posterior", "ball_medial": "forefoot_medial", "ball_lateral": "forefoot_lateral"}
_BALL = 0.66  # height of the ball's middle above the heel, in foot lengths
_ABOVE, _BESIDE, _BELOW = 1.08, 0.07, 0.06  # margins of the cut, in foot lengths: from the heel, and from the labels
_TYPICAL_MM = 250.0
_SHOWN = 480  # height of a foot on the sheet, pixels

Points = dict[str, Float[np.ndarray, "2"]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path)
    parser.add_argument("--prints", type=Path, default=Path("../shared/datasets/footprint-podiatech"))
    parser.add_argument("--sheet", type=Path, help="PNG to draw every foot with its labels and predictions to")
    given = parser.parse_args()
    if not (given.prints / "labels.csv").is_file():
        print(f"skipped: {given.prints / 'labels.csv'} is not there; give the folder of the prints with --prints")
        return
    Console().print(measured(Package.load(given.package), given.prints, given.sheet))


def measured(package: Package, prints: Path, sheet: Path | None) -> Table:
    """Predict on every foot; return the table of errors."""
    names = package.manifest.category.keypoints
    errors, absent, feet, pictures = defaultdict[str, list[float]](list), dict.fromkeys(_SAME, 0), 0, []
    for (file, foot), labels in sorted(_labels(prints / "labels.csv").items()):
        image, corner, length = _cut(read_image(prints / "images" / file), labels)
        prediction = package.predict(image, package.mirrors({"foot": foot}))
        assert prediction.keypoints is not None
        assert prediction.confidence is not None
        feet += 1
        for name, theirs in _SAME.items():
            if theirs in labels:
                row = names.index(name)
                away = prediction.keypoints[row] - (labels[theirs] - corner)
                errors[name].append(100 * float(np.linalg.norm(away)) / length)
                absent[name] += int(prediction.confidence[row] < package.manifest.confidence)
        pictures.append(_drawn(image, prediction.keypoints, {n: p - corner for n, p in labels.items()}))
    if sheet is not None:
        _write_sheet(sheet, pictures)
    return _table(dict(errors), absent, feet)


def _labels(path: Path) -> dict[tuple[str, str], Points]:
    """Return the labelled points of each foot by file and side."""
    feet: dict[tuple[str, str], Points] = defaultdict(dict)
    with path.open() as stream:
        for row in csv.DictReader(stream):
            if row["labelled"] == "1":
                feet[row["image"], row["foot"]][row["landmark"]] = np.array([float(row["x"]), float(row["y"])])
    return dict(feet)


def _cut(
    image: UInt8[np.ndarray, "H W 3"], labels: Points
) -> tuple[UInt8[np.ndarray, "h w 3"], Float[np.ndarray, "2"], float]:
    """Return the part of a photograph with one foot, its first pixel, and the foot's length in pixels."""
    heel = labels["heel_posterior"]
    ball = np.mean([labels[n] for n in ("forefoot_medial", "forefoot_lateral") if n in labels], axis=0)
    length = float(np.linalg.norm(ball - heel)) / _BALL
    points = np.stack(list(labels.values()))
    low = np.array([points[:, 0].min() - _BESIDE * length, heel[1] - _ABOVE * length])
    high = np.array([points[:, 0].max() + _BESIDE * length, heel[1] + _BELOW * length])
    left, top = np.maximum(low.round().astype(int), 0).tolist()
    right, bottom = np.minimum(high.round().astype(int), image.shape[1::-1]).tolist()
    return np.ascontiguousarray(image[top:bottom, left:right]), np.array([left, top], np.float64), length


def _table(errors: dict[str, list[float]], absent: dict[str, int], feet: int) -> Table:
    table = Table(title=f"{feet} feet, errors in % of the foot's length (1 % of {_TYPICAL_MM:g} mm is 2.5 mm)")
    for heading in ("point", "labelled", "called absent", "median", "95 %", "largest", "within 2 %"):
        table.add_column(heading)
    pooled = [each for values in errors.values() for each in values]
    rows = {name: (values, absent[name]) for name, values in errors.items()} | {"all": (pooled, sum(absent.values()))}
    for name, (values, missing) in rows.items():
        quantiles = (f"{q:.2f}" for q in np.quantile(values, (0.5, 0.95, 1)))
        table.add_row(name, str(len(values)), str(missing), *quantiles, f"{100 * np.mean(np.array(values) <= 2):.0f} %")
    return table


def _drawn(
    image: UInt8[np.ndarray, "H W 3"], keypoints: Float[np.ndarray, "K 2"], labels: Points
) -> UInt8[np.ndarray, "h w 3"]:
    """Return the foot with its labels in green and predictions in red."""
    scale = _SHOWN / image.shape[0]
    shown = cv2.resize(image, (round(image.shape[1] * scale), _SHOWN), interpolation=cv2.INTER_AREA)
    for points, colour in ((labels[n] for n in _SAME.values() if n in labels), (0, 160, 0)), (keypoints, (220, 0, 0)):
        for x, y in points:
            cv2.circle(shown, (round(x * scale), round(y * scale)), 4, colour, 2, cv2.LINE_AA)
    return np.asarray(shown)


def _write_sheet(path: Path, pictures: list[UInt8[np.ndarray, "H W 3"]]) -> None:
    width = max(picture.shape[1] for picture in pictures)
    same = [np.pad(p, ((0, 0), (0, width - p.shape[1]), (0, 0)), constant_values=255) for p in pictures]
    same += [np.full_like(same[0], 255)] * (len(same) % 2)
    rows = [np.hstack(same[: len(same) // 2]), np.hstack(same[len(same) // 2 :])]
    cv2.imwrite(str(path), np.vstack(rows)[..., ::-1])


if __name__ == "__main__":
    main()
