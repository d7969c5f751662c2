"""Requests to Prometheus, each with a time-out of its own."""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlencode

from exporter.errors import ResponseTooLarge, SourceTimeout
from exporter.settings import AnomalySettings
from exporter.sources.http_client import BearerToken, HttpClient
from exporter.sources.json_object import JsonObject
from exporter.sources.prometheus.queries import WATCHED, quote
from exporter.sources.prometheus.series import Labels, SeriesSamples, importance_key, parse_series

ReadSeries = list[tuple[Labels, SeriesSamples]]


class Vector(NamedTuple):
    """The series of one time, and the selectors of signals whose series were too many, with the error."""

    series: ReadSeries
    too_large: list[tuple[str, ResponseTooLarge]]


class PrometheusClient:
    """Requests to the Prometheus of the settings; nothing is asked of it without an address."""

    def __init__(self, settings: AnomalySettings) -> None:
        self._timeout = settings.timeout
        url = settings.source_url
        self._http = (
            HttpClient(url, BearerToken(None, None), settings.max_bytes, "Prometheus") if url else None
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()

    async def query(self, path: str) -> JsonObject:
        """The response to one query. Raises SourceTimeout, RequestFailed or InvalidResponse."""
        assert self._http is not None  # noqa: S101  (without an address there is no poller)
        try:
            async with asyncio.timeout(self._timeout):
                return await self._http.get_json(path)
        except TimeoutError:
            raise SourceTimeout(f"Prometheus did not respond within {self._timeout:g} s") from None

    async def vector(self, expression: str, at: float) -> Vector:
        """The series of an expression over all watched series; by signal where that response is too large."""
        try:
            return Vector(await self._series(expression.format(WATCHED), at), [])
        except ResponseTooLarge:
            found = Vector([], [])
        for selector in await self.signal_selectors(at):
            try:
                found.series.extend(await self._series(expression.format(selector), at))
            except ResponseTooLarge as error:
                found.too_large.append((selector, error))
        found.series.sort(key=lambda one: importance_key(one[0]))
        return found

    async def _series(self, expression: str, at: float) -> ReadSeries:
        return await by_importance(parse_series(await self.query(instant_path(expression, at))))

    async def signal_selectors(self, at: float) -> tuple[str, ...]:
        """A selector for each signal."""
        response = await self.query(instant_path(f"group by (signal) ({WATCHED})", at))
        found = [dict(labels) for labels, _ in parse_series(response)]
        return tuple(f"{WATCHED}{{signal={quote(it.get('signal', ''))}}}" for it in found)


async def by_importance(found: Iterable[tuple[Labels, SeriesSamples]]) -> ReadSeries:
    """Each series once, the most important first; scrapes run in between."""
    read: dict[Labels, SeriesSamples] = {}
    for labels, rows in found:
        read.setdefault(labels, rows)
        await asyncio.sleep(0)
    return sorted(read.items(), key=lambda one: importance_key(one[0]))


def instant_path(expression: str, at: float) -> str:
    """The path of a query at one time."""
    return f"/api/v1/query?{urlencode({'query': expression, 'time': at})}"
