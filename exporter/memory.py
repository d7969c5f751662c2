"""Memory that is no longer needed, given back to the machine."""

import ctypes
import gc
import sys
from collections.abc import Callable
from functools import cache

# httpcore2 imports it wherever it happens to be installed, and never uses it under asyncio: 4 MiB
UNUSED_IMPORTS = ("trio",)


def block_unused_imports() -> None:
    """Keep out of this process what libraries would import and never use; call it before they do."""
    for name in UNUSED_IMPORTS:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # the import system takes None for absent


def collect_garbage() -> None:
    """Free what is garbage, and give it back; for the start, since it stops everything for a while."""
    gc.collect()
    release_memory()


def release_memory() -> None:
    """Return what was freed: glibc keeps it otherwise, for a burst that may never come again.

    Takes some milliseconds. Does nothing with another C library. See malloc_trim(3).
    """
    trim = malloc_trim()
    if trim is not None:
        trim(0)


@cache
def malloc_trim() -> Callable[[int], int] | None:
    """The function of glibc, None where the C library has none."""
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    return found
