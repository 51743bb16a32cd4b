"""Keeps freed memory from staying with the process, where the C library is glibc."""

import ctypes
from functools import lru_cache

_ARENA_MAX = -8  # glibc's M_ARENA_MAX
# Heaps that threads share. Every collection that Chroma opens has threads of its own, each with a heap in which holes
# stay: of five shards of 4,000 vectors, 6 MB each was not returned with glibc's default (eight a core), none with two.
_ARENAS = 2


def tame() -> None:
    """Let threads share heaps, from now on and in the whole process."""
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Return to the system what is free."""
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


@lru_cache(maxsize=1)
def _glibc() -> ctypes.CDLL | None:
    try:
        libc = ctypes.CDLL(None)
    except (OSError, TypeError):  # TypeError: Windows
        return None
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
