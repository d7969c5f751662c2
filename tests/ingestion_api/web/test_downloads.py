"""A long download leaves time to others, and ends with its client."""

import asyncio
import time
from collections.abc import Iterator

from ingestion_api.web.downloads import paced

TOOK = 0.05


def slow_parts(read: list[int], number: int) -> Iterator[str]:
    """Parts that each take 50 ms to read."""
    for part in range(number):
        time.sleep(TOOK)
        read.append(part)
        yield str(part)


def test_a_pause_as_long_as_its_reading_follows_each_part() -> None:
    async def run() -> list[str]:
        return [part async for part in paced(slow_parts([], 3))]

    began = time.perf_counter()
    assert asyncio.run(run()) == ["0", "1", "2"]
    assert time.perf_counter() - began >= 6 * TOOK


def test_no_part_is_read_for_a_client_that_has_gone() -> None:
    read: list[int] = []

    async def run() -> None:
        parts = paced(slow_parts(read, 100))
        await anext(parts)
        await parts.aclose()

    asyncio.run(run())
    assert read == [0]
