import pytest
import torch

from pipeline.search.trial import _is_out_of_memory


def test_a_lack_of_memory_is_told_from_other_errors() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(10**15)
    assert _is_out_of_memory(caught.value)
    assert _is_out_of_memory(MemoryError())
    assert not _is_out_of_memory(RuntimeError("the sizes of two tensors differ"))
