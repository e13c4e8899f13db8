"""Artifacts of a retrain's run that tell what went into it: people and videos, the lock of DVC, the environment."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from pipeline.environment import as_requirements, installed
from pipeline.layout import Layout
from pipeline.splits import SPLITS
from pipeline.tracking.lineage import problem_stages
from pipeline.tracking.results import read_json
from pipeline.tracking.run import Run

FOLDER = "lineage"
SOURCES, LOCK, ENVIRONMENT = (f"{FOLDER}/{name}" for name in ("sources.csv", "dvc.lock", "environment.txt"))


class Source(NamedTuple):
    """A video, or a still image, from which a split has images.

    Attributes:
        split: Name of the split.
        subject: Whom it shows.
        source: Path of the video below data/raw/PROBLEM, or of the image.
        batch: First folder of the path: the name of the batch, or of what rendered it.
        images: Number of images in the split.
    """

    split: str
    subject: str
    source: str
    batch: str
    images: int


def log_sources(layout: Layout, run: Run) -> None:
    """Log a table of the people and videos of each split."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(Source._fields)
    table.writerows(_sources(layout))
    run.client.log_text(run.run_id, text.getvalue(), SOURCES)


def read_sources(text: str) -> list[Source]:
    """Read the table that `log_sources` logged."""
    return [Source(**row | {"images": int(row["images"])}) for row in csv.DictReader(io.StringIO(text))]


def log_lock(layout: Layout, run: Run) -> None:
    """Log the problem's entries of dvc.lock: params and hashes of every input and output."""
    run.client.log_text(run.run_id, yaml.safe_dump(problem_stages(layout), sort_keys=False), LOCK)


def log_environment(run: Run) -> None:
    """Log the names and versions of all installed packages."""
    run.client.log_text(run.run_id, as_requirements(installed()), ENVIRONMENT)


def _sources(layout: Layout) -> Iterator[Source]:
    for split in SPLITS:
        images = read_json(layout.out("split") / f"{split}.json")["images"]
        counts = Counter((str(image.get("subject", "")), _source(image)) for image in images)
        for (subject, source), count in sorted(counts.items()):
            yield Source(split, subject, source, source.partition("/")[0], count)


def _source(image: Mapping[str, Any]) -> str:
    return str(image.get("video") or image.get("file_name", "")).removeprefix("images/")
