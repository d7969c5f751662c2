"""Polls in the background while the exporter runs, whatever is scraped."""

import asyncio
from collections.abc import Iterable
from typing import Any

from exporter.polling import MIN_PAUSE, Poller


class BackgroundPolling:
    """The tasks that poll in the background while the exporter runs, each source at its own interval."""

    def __init__(self, pollers: Iterable[Poller[Any]]) -> None:
        self._pollers = [it for it in pollers if it.configured and it.policy.interval is not None]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to poll."""
        self._tasks = [asyncio.create_task(poll_forever(it), name=f"poll {it.name}") for it in self._pollers]

    async def stop(self) -> None:
        """Stop polling."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def poll_forever(poller: Poller[Any]) -> None:
    """Poll whenever it is due."""
    while True:
        await poller.wait_until_due()
        await poller.refresh()
        await asyncio.sleep(MIN_PAUSE)
