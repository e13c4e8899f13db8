"""The peak that fits the others is chosen, and one wrong keypoint does not pull the rest."""

import torch

from pipeline.models.arrangement import Arrangement

OFFSETS = torch.tensor([[0.0, 0.0], [0.0, 10.0], [0.0, 20.0], [16.0, 0.0], [16.0, 10.0], [16.0, 20.0]])
LABELLED = torch.ones(200, 6, dtype=torch.bool)


def bodies(count: int) -> torch.Tensor:
    """Two columns of three keypoints somewhere in a 64x64 map, each moved by about half a cell."""
    random = torch.Generator().manual_seed(0)
    where = 10 + 20 * torch.rand(count, 1, 2, generator=random)
    return where + OFFSETS + 0.5 * torch.randn(count, 6, 2, generator=random)


def maps_of(points: torch.Tensor, height: float) -> torch.Tensor:
    """A Gaussian peak of that height at each point (K, 2) in maps (K, 64, 64)."""
    rows, columns = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    square = (columns - points[:, 0, None, None]) ** 2 + (rows - points[:, 1, None, None]) ** 2
    return height * torch.exp(-square / 4)


def learned() -> Arrangement:
    arrangement = Arrangement(6, 16.0)
    arrangement.learn(bodies(200), LABELLED)
    return arrangement


def test_offsets_are_those_of_the_labels():
    arrangement = learned()
    torch.testing.assert_close(arrangement.offset[5, 0], OFFSETS[5], atol=0.15, rtol=0)
    # two keypoints' deviations of 0.5 add up, besides the broad prior: 2 of 202 pairs with 16 cells
    variance = torch.linalg.inv(arrangement.precision[5, 0])
    expected = (200 * 2 * 0.25 + 2 * 256) / 202
    torch.testing.assert_close(variance, expected * torch.eye(2), atol=0.25, rtol=0)
    assert not arrangement.precision[range(6), range(6)].any()


def test_a_higher_peak_far_from_its_place_is_passed_over():
    truth = bodies(1)[0].round()
    maps = maps_of(truth, 12.0)
    maps[2] += maps_of(torch.tensor([[60.0, 5.0]]), 13.5)[0]
    assert Arrangement(6, 16.0)(maps[None])[0, 2].tolist() == [60, 5]
    torch.testing.assert_close(learned()(maps[None])[0].float(), truth)


def test_one_keypoint_without_its_peak_leaves_the_others_alone():
    truth = bodies(1)[0].round()
    maps = maps_of(truth, 12.0)
    maps[4] = maps_of(torch.tensor([[3.0, 60.0]]), 20.0)[0]
    chosen = learned()(maps[None])[0].float()
    keep = [0, 1, 2, 3, 5]
    torch.testing.assert_close(chosen[keep], truth[keep])
    assert chosen[4].tolist() == [3, 60]


def test_pairs_never_labelled_together_say_nothing():
    arrangement, labelled = Arrangement(6, 16.0), LABELLED.clone()
    labelled[:, 5] = False
    arrangement.learn(bodies(200), labelled)
    assert not arrangement.precision[5].any()
    assert not arrangement.precision[:, 5].any()
    assert torch.isfinite(arrangement.precision).all()


def test_few_labels_hold_loosely():
    few = Arrangement(6, 16.0)
    few.learn(bodies(3), LABELLED[:3])
    assert torch.linalg.inv(few.precision[5, 0]).diagonal().min() > 2 * 256 / 5


def test_a_single_keypoint_and_a_flat_map_are_no_trouble():
    alone = Arrangement(1, 16.0)
    alone.learn(torch.rand(4, 1, 2), torch.ones(4, 1, dtype=torch.bool))
    assert alone(torch.zeros(2, 1, 4, 5)).shape == (2, 1, 2)
