"""A source of recorded signals with a clock of its own, and stories that are told with it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from exporter.settings import AnomalySettings, LimitSettings
from exporter.sources.prometheus.source import AnomalySnapshot, PrometheusSource
from tests.exporter.recorded_double import RecordedDouble

PERIOD = 60
NOW = 1_700_000_000 // PERIOD * PERIOD + 7.0
DAY = 86_400


class Looking:
    """A source with a clock of its own."""

    def __init__(self, double: RecordedDouble, **settings: Any) -> None:
        self.now = NOW
        given = {"prometheus_url": double.url, "learn": 3600, **settings}
        self.source = PrometheusSource(
            AnomalySettings.model_validate(given), LimitSettings(), clock=lambda: self.now
        )

    async def look(self) -> AnomalySnapshot:
        """The answer to one look."""
        await self.source.signals.refresh()
        return await self.source.signals.get()


def looking(double: RecordedDouble, story: Callable[[Looking], Awaitable[None]], **settings: Any) -> None:
    """Run a story with a source, and close it."""

    async def run() -> None:
        looking = Looking(double, **settings)
        try:
            await story(looking)
        finally:
            await looking.source.close()

    asyncio.run(run())
