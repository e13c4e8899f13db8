"""What the packaging of every head shares."""

import numpy as np
import torch

from heelstrike.preprocess.letterbox import Letterbox
from pipeline.heads.export import back


def test_the_graph_maps_points_back_as_the_letterbox_does() -> None:
    box, points = Letterbox(0.3137, 3, 41), np.random.default_rng(0).uniform(0, 256, (7, 2))
    traced = back(torch.from_numpy(points), torch.tensor([box.scale, box.pad_x, box.pad_y], dtype=torch.float64))
    np.testing.assert_array_equal(traced.numpy(), box.backward(points))
