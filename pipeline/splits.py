"""Names of the splits; files and folders of a split are called so."""

from typing import Literal

Split = Literal["train", "val", "test"]

TRAIN: Split = "train"
VAL: Split = "val"
TEST: Split = "test"

SPLITS: tuple[Split, ...] = (TRAIN, VAL, TEST)
TRAINED_ON: tuple[Split, ...] = (TRAIN, VAL)
"""What training may see: the weights are fitted on the first and chosen by the second."""
