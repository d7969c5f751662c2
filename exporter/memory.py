"""Memory that is no longer needed, given back to the machine."""

import ctypes
import gc
import mmap
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

# httpcore2 imports it wherever it happens to be installed, and never uses it under asyncio: 4 MiB
NEVER_USED = ("trio",)
SMAPS = Path("/proc/self/smaps")
# the head of a mapping of a file that nothing may write to
READ_ONLY = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r-.. \S+ \S+ [1-9]\d* +/.*")
OWN_PAGES = ("Anonymous:", "Swap:")  # lines that count pages which differ from the file


def leave_out() -> None:
    """Keep out of this process what libraries would import and never use; call it before they do."""
    for name in NEVER_USED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # the import system takes None for absent


def collect() -> None:
    """Free what is garbage, and give it back; for the start, since it stops everything for a while."""
    gc.collect()
    give_back()


def give_back() -> None:
    """Return what was freed: glibc keeps it otherwise, for a burst that may never come again.

    Takes some milliseconds. Does nothing with another C library. See malloc_trim(3).
    """
    trim = malloc_trim()
    if trim is not None:
        trim(0)


def unmap_libraries() -> None:
    """Unmap what was read of libraries; what is used again is mapped again, out of the kernel's cache.

    Three quarters are code that only the start runs. Does nothing without Linux. See madvise(2).
    """
    with suppress(OSError, AttributeError):
        madvise = ctypes.CDLL(None).madvise
        for begin, end in unchanged(SMAPS.read_text()):
            madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), mmap.MADV_DONTNEED)


def unchanged(smaps: str) -> list[tuple[int, int]]:
    """Where files are mapped that cannot be written to and of which no page was, as proc_pid_smaps(5)."""
    found: list[tuple[int, int]] = []
    for line in smaps.splitlines():
        if ":" not in line.split(" ", 1)[0]:
            head = READ_ONLY.fullmatch(line)
            found.append((int(head[1], 16), int(head[2], 16)) if head else (0, 0))
        elif line.startswith(OWN_PAGES) and line.split()[1] != "0":
            found[-1] = (0, 0)  # relocated when it was loaded, and protected since: the file lacks that
    return [span for span in found if span != (0, 0)]


@cache
def malloc_trim() -> Callable[[int], int] | None:
    """The function of glibc, None where the C library has none."""
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    return found
