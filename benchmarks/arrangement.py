"""Benefit of choosing among peaks by the positions of the other keypoints: one network, with and without.

Without an arrangement, the network takes the highest peak of each map (pipeline/models/arrangement.py).

Example:
    python -m benchmarks.arrangement models/rearfoot/train data/rearfoot/prepare/test
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from pipeline.models.arrangement import Arrangement
from pipeline.models.build import load_trained
from pipeline.models.inference import predict_arrays
from pipeline.models.network import Network
from pipeline.scoring.metrics import distances, image_mse, keypoint_metrics


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trained", type=Path, help="folder of the train stage")
    parser.add_argument("prepared", type=Path, help="a split's folder of the prepare stage")
    arguments = parser.parse_args()
    network = load_trained(arguments.trained)
    parts = [module for module in network.modules() if isinstance(module, Arrangement)]
    if not parts:
        parser.error(f"{arguments.trained}: {network.settings.name!r} chooses nothing by arrangement")
    ways = {"with": _judge(network, arguments.prepared)}
    for part in parts:
        part.precision.zero_()
    ways["without"] = _judge(network, arguments.prepared)
    table = Table("", *ways, title=str(arguments.prepared))
    for name in ways["with"]:
        table.add_row(name, *(f"{numbers[name]:.3f}" for numbers in ways.values()))
    Console().print(table)


def _judge(network: Network, prepared: Path) -> dict[str, float]:
    """Return errors over a split: of all points, and of the worst person."""
    images = np.load(prepared / "images.npy", mmap_mode="r")
    truth, labelled = np.load(prepared / "keypoints.npy"), np.load(prepared / "visibility.npy") > 0
    keypoints = predict_arrays(network, images)["keypoints"]
    errors = keypoint_metrics(keypoints, truth, labelled)
    people = pd.read_parquet(prepared / "index.parquet")["subject"]
    by_person = pd.Series(image_mse(keypoints, truth, labelled)).groupby(people).mean() ** 0.5
    return {
        "RMSE, px": errors["rmse_px"],
        "median distance, px": errors["median_distance_px"],
        "points more than 5 px off, %": 100 * float((distances(keypoints, truth, labelled)[labelled] > 5).mean()),
        "worst person's RMSE, px": float(by_person.max()),
        "people": len(by_person),
        "points": float(labelled.sum()),
    }


if __name__ == "__main__":
    main()
