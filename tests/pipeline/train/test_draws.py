"""Random numbers of a thread: from its own generator, as the functions of torch draw them."""

import pytest
import torch
from torch import Generator, Tensor, nn

from pipeline.train.draws import Draws


def drawn(layer: nn.Module, x: Tensor, seed: int = 1) -> Tensor:
    with Draws(Generator().manual_seed(seed)):
        y: Tensor = layer(x)
    return y


@pytest.mark.parametrize("layer", [nn.Dropout(0.25), nn.Dropout2d(0.25)])
def test_dropout_is_repeated_by_the_seed_and_leaves_the_default_generator(layer: nn.Module) -> None:
    x, before = torch.ones(8, 64, 4, 4), torch.get_rng_state()
    one, two, other = drawn(layer, x), drawn(layer, x), drawn(layer, x, seed=2)
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("layer", [nn.Dropout(0.25), nn.Dropout2d(0.25)])
def test_dropout_keeps_the_mean_and_drops_its_share(layer: nn.Module) -> None:
    y = drawn(layer, torch.ones(64, 256, 4, 4))
    assert float((y == 0).float().mean()) == pytest.approx(0.25, abs=0.02)
    assert set(y.unique().tolist()) == {0.0, torch.tensor(1 / 0.75).item()}


def test_whole_channels_are_dropped_by_dropout2d() -> None:
    y = drawn(nn.Dropout2d(0.5), torch.ones(8, 32, 4, 4)).flatten(2)
    assert torch.equal(y.amin(dim=2), y.amax(dim=2))


def test_dropout_of_everything_is_zero_and_in_evaluation_nothing_is_dropped() -> None:
    x = torch.ones(4, 8)
    assert torch.equal(drawn(nn.Dropout(1.0), x), torch.zeros(4, 8))
    assert drawn(nn.Dropout(0.5).eval(), x) is x
    assert drawn(nn.Dropout2d(0.5).eval(), x[:, :, None, None]).equal(x[:, :, None, None])


def test_rand_like_is_uniform_in_the_dtype_of_its_argument() -> None:
    like = torch.empty(100, 100, dtype=torch.float64)
    with Draws(Generator().manual_seed(3)):
        values = torch.rand_like(like)
    assert values.dtype == torch.float64 and float(values.min()) >= 0 and float(values.max()) < 1
    assert float(values.mean()) == pytest.approx(0.5, abs=0.01)
    assert torch.equal(values, torch.rand(100, 100, generator=Generator().manual_seed(3), dtype=torch.float64))
