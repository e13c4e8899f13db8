"""Memory of a training on a CPU."""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # glibc's malloc.h
_LARGEST = 2**31 - 1


def keep_freed_memory() -> None:
    """Have the C library keep for the next tensor what the last one freed.

    By default glibc maps each large tensor anew and unmaps it after use, and the system clears every page of it again:
    a third of the time of a step. Numbers stay what they are. Elsewhere than with glibc this does nothing.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (TypeError, OSError, AttributeError):  # Windows; another C library
        return
    mallopt(_M_MMAP_MAX, 0)
    mallopt(_M_TRIM_THRESHOLD, _LARGEST)
