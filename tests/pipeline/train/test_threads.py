"""The number of threads depends on the settings and the machine's cores, never on the load."""

from collections.abc import Callable, Iterator

import pytest
import torch

from pipeline.train import threads
from pipeline.train.fit import Plan
from pipeline.train.threads import batch_work, use_threads

MakePlan = Callable[..., Plan]


@pytest.fixture(autouse=True)
def threads_of_the_other_tests() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_work_grows_with_the_batch_and_leaves_the_random_state(plan: MakePlan) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    few, many = batch_work(plan(batch_size=8)), batch_work(plan(batch_size=32))
    assert few > 1e6
    assert many == pytest.approx(4 * few)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("given", "cores", "processes", "expected"), [(0, 64, 1, 1), (3, 64, 1, 3), (3, 64, 2, 3), (0, 1, 1, 1)]
)
def test_a_small_network_has_one_thread_unless_params_say_otherwise(
    given: int, cores: int, processes: int, expected: int, plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "cores", lambda: cores)
    assert use_threads(plan(threads=given), processes) == torch.get_num_threads() == expected


@pytest.mark.parametrize(("cores", "processes", "expected"), [(64, 1, 12), (64, 4, 3), (8, 1, 8), (8, 4, 2), (2, 4, 1)])
def test_a_large_network_has_threads_by_its_work_shared_among_processes(
    cores: int, processes: int, expected: int, plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "cores", lambda: cores)
    monkeypatch.setattr(threads, "batch_work", lambda plan: 12.5 * threads._WORK)
    assert use_threads(plan(threads=0), processes) == torch.get_num_threads() == expected
