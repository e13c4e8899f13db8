"""Memory that is kept: how often the system has to clear pages for tensors that come and go."""

import platform
import subprocess
import sys

import pytest

_FAULTS = """
import resource, sys, torch
from pipeline.train.memory import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
def pages():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    torch.ones(2**24)
before = pages()
for _ in range(10):
    torch.ones(2**24)
print(pages() - before)
"""


def _faults(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", _FAULTS, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives memory back so eagerly")
def test_a_tensor_gets_the_memory_of_the_one_before() -> None:
    assert _faults("keep") * 20 < _faults("give back")
