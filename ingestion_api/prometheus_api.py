"""Queries of Prometheus, each with a timeout and a maximum size of its response."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingestion_api.alerts.webhook import storable_text
from ingestion_api.json_client import JsonClient
from ingestion_api.settings import Settings

Floats = NDArray[np.float64]
QUERY_SECONDS = 5.0
MAX_BYTES = 32_000_000
SLACK = 1.0  # seconds
GREATEST = 1e100  # no measured value is greater, and sums of such ones would overflow


@dataclass(frozen=True)
class SeriesSamples:
    """The samples of one series: its labels, Unix times in seconds, ascending, and as many values."""

    labels: Mapping[str, str]
    times: Floats
    values: Floats


class PrometheusApi:
    """The HTTP API of one Prometheus."""

    def __init__(self, url: str, seconds: float = QUERY_SECONDS, max_bytes: int = MAX_BYTES) -> None:
        self._seconds = seconds
        self._client = JsonClient("Prometheus", url, seconds, max_bytes)

    @classmethod
    def at(
        cls, settings: Settings, seconds: float = QUERY_SECONDS, max_bytes: int = MAX_BYTES
    ) -> "PrometheusApi | None":
        """The API of the settings, with limits for each response; None without a URL."""
        url = settings.prometheus_url
        return cls(url.get_secret_value(), seconds, max_bytes) if url else None

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def ahead(self) -> timedelta:
        """How far its clock is ahead of ours; Unavailable with the reason."""
        response = self._client.get("api/v1/query", {"query": "1"})
        with self._client.unavailable_on_error():
            return response.ahead

    def raw_samples(self, selector: str, end: float, seconds: int) -> list[SeriesSamples]:
        """The recorded samples of these series in the `seconds` until `end`; Unavailable with the reason."""
        asked = {"query": f"{selector}[{seconds}s]", "time": f"{end:.3f}"}
        return self._query("query", asked, _Expected(end - seconds, end))

    def evaluate(self, expression: str, start: float, end: float, step: int) -> list[SeriesSamples]:
        """The expression at each step; Unavailable with the reason."""
        asked = {"query": expression, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": str(step)}
        return self._query("query_range", asked, _Expected(start, end, (end - start) / step + 2))

    def _query(self, route: str, parameters: Mapping[str, str], expected: "_Expected") -> list[SeriesSamples]:
        # Prometheus itself gives up as well, so that no query goes on for nobody
        asked = {**parameters, "timeout": f"{self._seconds:g}s"}
        response = self._client.get(f"api/v1/{route}", asked)
        with self._client.unavailable_on_error():
            return [_series(it, expected) for it in response.body["data"]["result"]]


@dataclass(frozen=True)
class _Expected:
    """From when to when samples were asked for, and how many of each series there may be."""

    since: float
    until: float
    most: float = math.inf

    def has(self, times: Floats) -> bool:
        """Whether these ascend, and lie where they were asked for."""
        is_within = times[0] >= self.since - SLACK and times[-1] <= self.until + SLACK
        return bool(is_within and times.size <= self.most and (np.diff(times) > 0).all())


def _series(result: Mapping[str, Any], expected: _Expected) -> SeriesSamples:
    """One series; ValueError where its times are not those that were asked for."""
    samples = np.array([(moment, float(value)) for moment, value in result["values"]], dtype=np.float64)
    times, values = samples[:, 0], samples[:, 1]
    if not expected.has(times):
        raise ValueError("the times of a series are not what was asked for")
    labels = {_text(name): _text(value) for name, value in result["metric"].items() if name != "__name__"}
    huge = np.abs(values) > GREATEST
    return SeriesSamples(labels, times, np.where(huge, np.copysign(np.inf, values), values))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a label is no text")
    return str(storable_text(value))
