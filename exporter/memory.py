"""Memory of the process: what is not loaded, what is released, what the garbage collector skips."""

import ctypes
import gc
import sys
from collections.abc import Callable
from functools import cache

# httpcore2 imports trio wherever it is installed, and never uses it under asyncio: 4 MiB; redis-py imports
# opentelemetry, and Starlette the parser of forms, which nobody sends: 0.5 MiB
UNUSED_IMPORTS = ("trio", "opentelemetry", "python_multipart", "multipart")
# allocations between two looks for reference cycles: a scrape makes thousands of objects, and hardly a cycle
GC_THRESHOLD = 20_000


def block_unused_imports() -> None:
    """Block modules that libraries import and never use; call it before they do."""
    for name in UNUSED_IMPORTS:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # the import system takes None for absent


def collect_garbage() -> None:
    """Free garbage and release it; at start only, since it stops everything for a while."""
    gc.collect()
    release_memory()


def freeze_gc() -> None:
    """Exclude what the start has made from garbage collection, which would stop scrapes for 60 ms."""
    collect_garbage()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)


def release_memory() -> None:
    """Return freed memory to the machine: glibc keeps it otherwise, for a burst that may never come again.

    Takes some milliseconds. Does nothing with another C library. See malloc_trim(3).
    """
    trim = malloc_trim()
    if trim is not None:
        trim(0)


@cache
def malloc_trim() -> Callable[[int], int] | None:
    """The function of glibc; None where the C library has none."""
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    return found
