"""Asks the slow questions beside the scrape, each at its own period and never in parallel with itself."""

import asyncio
from collections.abc import Iterable
from typing import Any

from exporter.polling import Poller

MIN_PAUSE = 0.01  # seconds between two askings, whatever the clock says


class BackgroundPolling:
    """The tasks that keep background questions answered while the exporter runs."""

    def __init__(self, questions: Iterable[Poller[Any]]) -> None:
        self._questions = [q for q in questions if q.configured and q.policy.interval is not None]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to ask."""
        self._tasks = [asyncio.create_task(self._keep(q), name=f"keep {q.name}") for q in self._questions]

    async def stop(self) -> None:
        """Ask no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self, question: Poller[Any]) -> None:
        while True:
            await question.wait_until_due()
            await question.refresh()
            await asyncio.sleep(MIN_PAUSE)
