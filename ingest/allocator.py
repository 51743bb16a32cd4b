"""Keeps the memory of a process small: limits it, and makes glibc return what is freed, where these are known."""

import ctypes
import sys
from functools import lru_cache

_ARENA_MAX = -8  # glibc's M_ARENA_MAX
# Every collection that Chroma opens starts threads, and each thread's arena fragments. With glibc's default (eight
# arenas per core) five shards of 4,000 vectors kept 6 MB each; with two arenas they kept nothing.
_ARENAS = 2


def limit_memory(megabytes: int) -> None:
    """Limit the address space of the process, which leaves no core file."""
    if sys.platform != "win32":  # Windows has no such limits
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1_000_000, megabytes * 1_000_000))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_arenas() -> None:
    """Limit the number of malloc arenas of the process."""
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_ARENA_MAX, _ARENAS)


def release_free_memory() -> None:
    """Return free heap memory to the system."""
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
