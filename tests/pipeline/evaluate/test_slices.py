"""The table of slices."""

import numpy as np
import pandas as pd

from pipeline.evaluate.settings import EvaluateSettings
from pipeline.evaluate.slices import slice_table
from pipeline.scoring.cases import Truth


def test_images_without_a_value_are_no_group() -> None:
    index = pd.DataFrame({"image": list("abcd"), "subject": list("xxyz"), "slice_clinic": ["", "", "north", "south"]})
    truth = Truth(index, np.zeros((4, 1, 2)), np.full((4, 1), 2, np.uint8), np.zeros((4, 4)), np.zeros((4, 3)))
    table = slice_table(truth, [], EvaluateSettings())
    groups = table[table["slice"] == "clinic"]
    assert dict(zip(groups["value"], groups["images"], strict=True)) == {"north": 1, "south": 1}
    assert table["images"].iloc[0] == 4
