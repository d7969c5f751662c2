"""Queries of Prometheus, each with a timeout and a maximum size of its response."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingestion_api.json_client import JsonClient
from ingestion_api.settings import Settings

Floats = NDArray[np.float64]
QUERY_SECONDS = 5.0
MAX_BYTES = 32_000_000


@dataclass(frozen=True)
class SeriesSamples:
    """The samples of one series: its labels, Unix times in seconds, ascending, and as many values."""

    labels: Mapping[str, str]
    times: Floats
    values: Floats


class PrometheusApi:
    """The HTTP API of one Prometheus."""

    def __init__(self, url: str, seconds: float = QUERY_SECONDS) -> None:
        self._seconds = seconds
        self._client = JsonClient("Prometheus", url, seconds, MAX_BYTES)

    @classmethod
    def at(cls, settings: Settings, seconds: float = QUERY_SECONDS) -> "PrometheusApi | None":
        """The API of the settings, with `seconds` for each response; None without a URL."""
        return cls(settings.prometheus_url.get_secret_value(), seconds) if settings.prometheus_url else None

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def raw_samples(self, selector: str, end: float, seconds: int) -> list[SeriesSamples]:
        """The recorded samples of these series in the `seconds` until `end`; Unavailable with the reason."""
        return self._query("query", {"query": f"{selector}[{seconds}s]", "time": f"{end:.3f}"})

    def evaluate(self, expression: str, start: float, end: float, step: int) -> list[SeriesSamples]:
        """The expression at each step; Unavailable with the reason."""
        asked = {"query": expression, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": str(step)}
        return self._query("query_range", asked)

    def _query(self, route: str, parameters: Mapping[str, str]) -> list[SeriesSamples]:
        # Prometheus itself gives up as well, so that no query goes on for nobody
        asked = {**parameters, "timeout": f"{self._seconds:g}s"}
        response = self._client.get(f"api/v1/{route}", asked)
        with self._client.unavailable_on_error():
            return [_series(it) for it in response.body["data"]["result"]]


def _series(result: Mapping[str, Any]) -> SeriesSamples:
    samples = np.array([(moment, float(value)) for moment, value in result["values"]], dtype=np.float64)
    labels = {name: value for name, value in result["metric"].items() if name != "__name__"}
    return SeriesSamples(labels, samples[:, 0], samples[:, 1])
