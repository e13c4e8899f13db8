"""Memory allocation of a training on a CPU."""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # glibc's malloc.h
_LARGEST = 2**31 - 1


def keep_freed_memory() -> None:
    """Let glibc keep freed memory for the next tensor.

    By default glibc maps memory for each large tensor and unmaps it after use, and the system clears every page again.
    That takes a third of the time of a step. Results do not change. With another C library this does nothing.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (TypeError, OSError, AttributeError):  # Windows; another C library
        return
    mallopt(_M_MMAP_MAX, 0)
    mallopt(_M_TRIM_THRESHOLD, _LARGEST)
