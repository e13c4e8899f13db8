"""Muon against torch's own for matrices, against AdamW for everything else, and the singular values of its updates."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from pipeline.train.muon import Muon, is_matrix, orthogonalised


def taught(parameters: list[nn.Parameter], optimizer: torch.optim.Optimizer, updates: int = 5) -> list[Tensor]:
    """The parameters after some updates by gradients that are drawn."""
    torch.manual_seed(7)
    for _ in range(updates):
        for parameter in parameters:
            parameter.grad = torch.randn_like(parameter)
        optimizer.step()
    return [parameter.detach() for parameter in parameters]


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(1, 40), columns=st.integers(1, 40), seed=st.integers(0, 99))
def test_singular_values_come_near_to_one_and_directions_stay(rows: int, columns: int, seed: int) -> None:
    matrix = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))
    left, values, right = torch.linalg.svd(matrix.double(), full_matrices=False)
    found = left.mT @ orthogonalised(matrix).double() @ right.mT
    sizes = found.diagonal()
    assert (found - sizes.diag()).abs().max() < 1e-3
    # smaller ones need more rounds than there are
    assert ((sizes > 0.6) & (sizes < 1.25))[values > 0.02 * torch.linalg.vector_norm(values)].all()


def test_a_gradient_of_nothing_gives_no_update() -> None:
    assert orthogonalised(torch.zeros(4, 9)).tolist() == torch.zeros(4, 9).tolist()


@pytest.mark.parametrize("shape", [(8, 4, 3, 3), (24, 2, 1, 1), (3, 5, 7)])
def test_kernels_learn_as_by_torchs_muon(shape: tuple[int, ...]) -> None:
    start = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    kernel, matrix = nn.Parameter(start.clone()), nn.Parameter(start.clone().flatten(1))
    own = taught([kernel], Muon([kernel], lr=0.1, weight_decay=0.01))[0]
    theirs = taught([matrix], torch.optim.Muon([matrix], 0.1, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"))[0]
    # torch's rounds in bfloat16
    assert torch.linalg.vector_norm(own.flatten(1) - theirs) < 0.02 * torch.linalg.vector_norm(
        theirs - start.flatten(1)
    )


@pytest.mark.parametrize("shape", [(6,), (6, 4), (6, 1, 3, 3)], ids=["bias", "linear", "depthwise"])
def test_everything_else_learns_as_by_adamw(shape: tuple[int, ...]) -> None:
    one = nn.Parameter(torch.ones(shape))
    other = copy.deepcopy(one)
    assert not is_matrix(one)
    own = taught([one], Muon([one], lr=0.1, weight_decay=0.01))[0]
    theirs = taught([other], torch.optim.AdamW([other], 0.1, weight_decay=0.01))[0]
    torch.testing.assert_close(own, theirs)


def test_several_threads_give_what_one_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    def learned(threads: int) -> list[Tensor]:
        monkeypatch.setattr("pipeline.train.muon.cores", lambda: threads)
        kernels = [nn.Parameter(torch.ones(size, 4, 3, 3)) for size in (16, 2, 64, 8)]
        return taught(kernels, Muon(kernels, lr=0.1), updates=2)

    assert all(torch.equal(one, other) for one, other in zip(learned(1), learned(3), strict=True))


def test_parameters_without_a_gradient_stay() -> None:
    kernel = nn.Parameter(torch.ones(4, 4, 3, 3))
    Muon([kernel], lr=0.1, weight_decay=0.1).step()
    assert (kernel == 1).all()
