"""Memory that is kept: how often the system has to clear pages for tensors that come and go."""

import platform
import subprocess
import sys

import pytest

_FAULTS = """
import resource, torch
from pipeline.train.memory import keep_freed_memory
def faults():
    for _ in range(12):
        torch.ones(2**24)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(2**24)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
given_back = faults()
keep_freed_memory()
print(faults(), given_back)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives memory back so eagerly")
def test_a_tensor_gets_the_memory_of_the_one_before() -> None:
    done = subprocess.run([sys.executable, "-c", _FAULTS], capture_output=True, text=True, check=True)
    faults_kept, given_back = map(int, done.stdout.split())
    assert faults_kept * 20 < given_back
