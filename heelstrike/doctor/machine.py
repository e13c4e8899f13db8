"""Checks of the machine: cores, memory, instructions of the processor."""

import os
import platform
from collections.abc import Iterator
from pathlib import Path

from heelstrike.cores import cores
from heelstrike.doctor.findings import Finding, ok, warning

_NAMES = {"avx2": "AVX2", "avx512f": "AVX-512", "avx_vnni": "AVX-VNNI", "avx512_vnni": "AVX-512 VNNI"}
"""Instructions that networks gain by; by VNNI those with integers (docs/speed.md)."""

_LEAST_GB = 2.0  # of memory; a measured 1080p video with ONNX Runtime needs less than one


def check_machine() -> Iterator[Finding]:
    """Check the cores, the memory and, of an x86 processor, AVX2."""
    count = cores()
    yield ok("processor", f"{count} {'core' if count == 1 else 'cores'}, {platform.machine()}{_instructions()}")
    if _lacks_avx2():
        yield warning("processor", "without AVX2", "networks run several times slower; use a newer machine")
    memory = _memory_gb()
    if memory is None:
        return
    text = f"{memory:.1f} GB"
    if memory < _LEAST_GB:
        yield warning("memory", text, f"use a machine or container with {_LEAST_GB:g} GB or more")
    else:
        yield ok("memory", text)


def _flags() -> frozenset[str]:
    """Return the features of the processor that Linux lists; empty elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), ()))


def _instructions() -> str:
    flags = _flags()
    names = [name for flag, name in _NAMES.items() if flag in flags]
    return "".join(f", {name}" for name in names)


def _lacks_avx2() -> bool:
    flags = _flags()
    return bool(flags) and platform.machine() in ("x86_64", "AMD64") and "avx2" not in flags


def _memory_gb() -> float | None:
    """Return the memory that this process may use, in 10⁹ bytes: of the machine or of its container."""
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
    except (OSError, ValueError):  # no container, or one without a limit (`max`)
        limit = total
    return min(total, limit) / 1e9
