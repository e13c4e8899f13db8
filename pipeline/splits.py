"""Names of the splits, which are also the names of their files and folders."""

from typing import Literal

Split = Literal["train", "val", "test"]

TRAIN: Split = "train"
VAL: Split = "val"
TEST: Split = "test"

SPLITS: tuple[Split, ...] = (TRAIN, VAL, TEST)
TRAINED_ON: tuple[Split, ...] = (TRAIN, VAL)
"""The splits that training uses: weights are fitted on the first and chosen by the second."""
