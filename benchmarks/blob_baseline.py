"""The baseline to beat: find the markers as bright or coloured round blobs, with nothing learnt.

    python -m benchmarks.blob_baseline data/rearfoot/collect

Per image: contrast to the local median over all colour channels, threshold, connected components of a marker's size and
roundness, the six best; legs by k-means with two clusters, then left to right and top to bottom, as the clinician's own
program does. Scored on every labelled point of the annotation table.
"""

from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import pandas as pd
import typer
from jaxtyping import Float, UInt8
from rich.console import Console
from rich.table import Table
from sklearn.cluster import KMeans

from heelstrike.errors import UserError
from heelstrike.progress import progress
from pipeline.annotations import keypoints_of, read_table
from pipeline.params import load_params

SIZE = 256  # errors are stated at this scale, the network's
HIT_PX = 10.0  # at the image's own scale


def find_blobs(image: UInt8[np.ndarray, "H W 3"], count: int) -> Float[np.ndarray, "n 2"]:
    """Centres of the (at most `count`) most marker-like blobs, best first, pixels."""
    height, width = image.shape[:2]
    unit = max(height, width) / SIZE  # pixels per pixel at the network's scale
    small = cv2.resize(image, None, fx=1 / unit, fy=1 / unit, interpolation=cv2.INTER_AREA)
    around = cv2.resize(cv2.medianBlur(small, 11), (width, height), interpolation=cv2.INTER_LINEAR)
    contrast = cv2.absdiff(image, around).max(axis=2).astype(np.float32)
    contrast = cv2.GaussianBlur(contrast, (0, 0), 0.3 * unit)
    threshold = max(18.0, float(np.percentile(contrast, 97)) * 0.6)
    total, labels, stats, _ = cv2.connectedComponentsWithStats((contrast > threshold).astype(np.uint8))
    blobs = []
    for k in range(1, total):
        x, y, w, h, area = (int(v) for v in stats[k])
        if not 1.5 * unit <= max(w, h) <= 10 * unit or max(w, h) > 2.5 * min(w, h):
            continue
        roundness = area / (np.pi / 4 * w * h)
        if not 0.6 <= roundness <= 1.4:
            continue
        part = contrast[y : y + h, x : x + w] * (labels[y : y + h, x : x + w] == k)
        cx = float((part.sum(axis=0) @ np.arange(w)) / part.sum()) + x
        cy = float((part.sum(axis=1) @ np.arange(h)) / part.sum()) + y
        blobs.append((float(part.max()) * min(w, h) / max(w, h) * (1 - abs(1 - roundness)), cx, cy))
    blobs.sort(reverse=True)
    return np.array([(x, y) for _, x, y in blobs[:count]], dtype=np.float64).reshape(-1, 2)


def assign_legs(blobs: Float[np.ndarray, "n 2"], per_leg: int) -> Float[np.ndarray, "K 2"]:
    """Blobs as keypoints: left leg top to bottom, then right leg; NaN where there are too few."""
    points = np.full((2, per_leg, 2), np.nan)
    if len(blobs) >= 2:
        # the two legs lie side by side: heights count less
        clusters = KMeans(2, n_init=5, random_state=0).fit_predict(blobs * [1.0, 0.3])
        legs = [blobs[clusters == c] for c in (0, 1)]
        legs.sort(key=lambda leg: leg[:, 0].mean())
        for k, leg in enumerate(legs):
            ordered = leg[np.argsort(leg[:, 1])][:per_leg]
            points[k, : len(ordered)] = ordered
    return points.reshape(-1, 2)


def score(table: pd.DataFrame, folder: Path, keypoints: tuple[str, ...]) -> pd.DataFrame:
    """One row per labelled point: image, its slices, error in pixels (infinite where nothing was found), scale."""
    truth, visibility = keypoints_of(table, keypoints)
    rows = []
    with progress("find blobs", len(table)) as bar:
        for n, name in enumerate(table["image"]):
            image = cv2.imread(str(folder / name), cv2.IMREAD_COLOR)
            if image is None:
                raise UserError(f"{folder / name}: not there or no image; run the collect stage again")
            points = assign_legs(find_blobs(image, len(keypoints)), len(keypoints) // 2)
            scale = min(SIZE / image.shape[1], SIZE / image.shape[0])
            off = points - truth[n]
            # distance to the nearest blob, whichever keypoint it was taken for
            for k in np.flatnonzero(visibility[n] > 0):
                near = np.linalg.norm(points - truth[n, k], axis=1)
                rows.append((n, off[k, 0], off[k, 1], float(np.nanmin(near, initial=np.inf)), scale))
            bar.advance()
    return pd.DataFrame(rows, columns=["image", "dx", "dy", "nearest", "scale"])


def summarise(points: pd.DataFrame) -> dict[str, float]:
    """The numbers of the table, from the rows of `score`."""
    distance = pd.Series(np.hypot(points["dx"].to_numpy(), points["dy"].to_numpy()), index=points.index)
    hit = distance <= HIT_PX
    answered = points[distance.notna()]
    squared = (answered[["dx", "dy"]].to_numpy() * answered[["scale"]].to_numpy()) ** 2
    return {
        f"RMSE of the points it answered, px at {SIZE}": float(np.sqrt(squared.mean())) if len(answered) else np.nan,
        f"median distance, px at {SIZE}": float((distance * points["scale"]).median()),
        f"markers with any blob within {HIT_PX:g} px": float((points["nearest"] <= HIT_PX).mean()),
        f"markers found and named right within {HIT_PX:g} px": float(hit.mean()),
        f"images with every marker right within {HIT_PX:g} px": float(hit.groupby(points["image"]).all().mean()),
    }


def main(
    folder: Annotated[Path, typer.Argument(help="output of the collect stage, data/PROBLEM/collect")],
    problem: Annotated[str, typer.Option(help="section of params.yaml that names the keypoints")] = "rearfoot",
    params: Annotated[Path, typer.Option(help="the params file")] = Path("params.yaml"),
) -> None:
    """Score the blob detector on every labelled frame."""
    try:
        sections = load_params(params)
        if problem not in sections:
            raise UserError(f"{params}: no problem {problem!r}; there are {sorted(sections)}")
        keypoints = sections[problem].problem.keypoints
        numbers = summarise(score(read_table(folder / "annotations.parquet", keypoints), folder, keypoints))
    except UserError as error:
        Console(stderr=True).print(f"[red]{error}")
        raise typer.Exit(1) from None
    summary = Table("blob baseline", "value", title=str(folder))
    for name, value in numbers.items():
        summary.add_row(name, f"{value:.2f}" if "px at" in name else f"{100 * value:.1f} %")
    Console().print(summary)


if __name__ == "__main__":
    typer.run(main)
