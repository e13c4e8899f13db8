"""Errors of a grid's rows on the single test images, from the tables that the rows have left (per_image.parquet)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Shaped

from pipeline.grid.definition import Metric

ImageTables = Callable[[str], pd.DataFrame | None]
"""Returns the table of test images of a training by its name, `None` if there is none."""


class ImageErrors(NamedTuple):
    """Errors of several rows on the same test images.

    Attributes:
        values: One for each row and image, NaN if an image is not scored. A row's metric is the mean over its images.
        people: The person of each image.
    """

    values: Float[np.ndarray, "R N"]
    people: Shaped[np.ndarray, "N"]


def image_errors(rows: Sequence[Sequence[str]], metric: Metric, images: ImageTables) -> ImageErrors | None:
    """Return the rows' errors on the test images, each the mean over the row's trainings.

    `None` if the metric is no mean over images, a row has no table, or the rows do not have the same test images.

    Args:
        rows: Names of the trainings of each row.
        metric: Which number; `per_image` names its column.
        images: The tables.
    """
    column = metric.per_image
    if column is None or not rows:
        return None
    found = [[table for name in row if (table := images(name)) is not None and column in table] for row in rows]
    if not all(found):
        return None
    first = found[0][0]
    if any(table["image"].tolist() != first["image"].tolist() for of_row in found for table in of_row):
        return None
    values = [np.mean([table[column].to_numpy(np.float64) for table in of_row], axis=0) for of_row in found]
    return ImageErrors(metric.scale * np.array(values), first["subject"].to_numpy().astype(str))
