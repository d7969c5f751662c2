"""Queries of Prometheus, each with a timeout and a maximum size of its response."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import numpy as np
from numpy.typing import NDArray

from ingestion_api.errors import Unavailable
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

    def __init__(self, url: str) -> None:
        # neither a proxy of the environment nor a redirect leads elsewhere
        self._client = httpx2.Client(
            base_url=url.rstrip("/") + "/", timeout=QUERY_SECONDS, trust_env=False, follow_redirects=False
        )

    @classmethod
    def at(cls, settings: Settings) -> "PrometheusApi | None":
        """The API of the settings; None without a URL."""
        return cls(settings.prometheus_url.get_secret_value()) if settings.prometheus_url else None

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def raw_samples(self, selector: str, end: float, seconds: int) -> list[SeriesSamples]:
        """The recorded samples of these series in the `seconds` until `end`; Unavailable with the reason."""
        result = self._query("query", {"query": f"{selector}[{seconds}s]", "time": f"{end:.3f}"})
        return [_series(it) for it in result]

    def evaluate(self, expression: str, start: float, end: float, step: int) -> list[SeriesSamples]:
        """The expression at each step; Unavailable with the reason."""
        asked = {"query": expression, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": str(step)}
        return [_series(it) for it in self._query("query_range", asked)]

    def _query(self, route: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        # Prometheus itself gives up as well, so that no query goes on for nobody
        asked = {**parameters, "timeout": f"{QUERY_SECONDS:g}s"}
        with _errors_in_words(), self._client.stream("GET", f"api/v1/{route}", params=asked) as response:
            body = _read_body(response)
            if response.status_code != 200:
                raise Unavailable(f"Prometheus returned status {response.status_code}; expected 200.")
            return list(json.loads(body)["data"]["result"])


@contextmanager
def _errors_in_words() -> Iterator[None]:
    try:
        yield
    except httpx2.TimeoutException:
        raise Unavailable(f"Prometheus did not respond within {QUERY_SECONDS:g} s.") from None
    except httpx2.HTTPError as error:
        raise Unavailable(f"Prometheus does not respond: {type(error).__name__}.") from None
    except (ValueError, KeyError, TypeError):
        raise Unavailable("The response of Prometheus is not what its API documents.") from None


def _read_body(response: httpx2.Response) -> bytes:
    deadline, parts, size = time.monotonic() + QUERY_SECONDS, [], 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > MAX_BYTES:
            raise Unavailable(f"The response of Prometheus is larger than {MAX_BYTES} bytes.")
        if time.monotonic() > deadline:
            raise Unavailable(f"Prometheus did not respond within {QUERY_SECONDS:g} s.")
    return b"".join(parts)


def _series(result: Mapping[str, Any]) -> SeriesSamples:
    samples = np.array([(moment, float(value)) for moment, value in result["values"]], dtype=np.float64)
    labels = {name: value for name, value in result["metric"].items() if name != "__name__"}
    return SeriesSamples(labels, samples[:, 0], samples[:, 1])
