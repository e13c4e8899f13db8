"""per_image.parquet: a row per test image."""

import pandas as pd

from pipeline.heads.evaluation import Scores
from pipeline.scoring.cases import Truth


def per_image(truth: Truth, heads: list[Scores], names: tuple[str, ...]) -> pd.DataFrame:
    """A row per image with the split's index and each head's `Scores.columns`."""
    columns = {name: values for head in heads for name, values in head.columns(names).items()}
    return pd.concat([truth.index.reset_index(drop=True), pd.DataFrame(columns)], axis=1)
