"""Read JSON from a server, with a timeout and a maximum size of each response."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from ingestion_api.errors import Unavailable

SAME_CLOCK = timedelta(seconds=2)
GREATEST_SKEW = timedelta(days=1)


@dataclass(frozen=True)
class JsonResponse:
    """The decoded body, the headers and the status."""

    body: Any
    headers: Mapping[str, str]
    status: int = 200

    @property
    def date(self) -> datetime:
        """The server's time: our clock where both agree, since the header has whole seconds only."""
        ours = datetime.now(UTC)
        written = self.headers.get("date")
        theirs = parsedate_to_datetime(written) if written else ours
        return ours if abs(theirs - ours) < SAME_CLOCK else theirs

    @property
    def ahead(self) -> timedelta:
        """How far the server's clock is ahead of ours; no clock is taken to be wrong by more than a day."""
        ahead = self.date - datetime.now(UTC)
        return ahead if SAME_CLOCK / 2 < abs(ahead) < GREATEST_SKEW else timedelta(0)


class JsonClient:
    """Requests to one server; `name` is what errors call it."""

    def __init__(self, name: str, url: str, seconds: float, max_bytes: int) -> None:
        self.name = name
        self.url = url
        self._seconds = seconds
        self._max_bytes = max_bytes
        # neither a proxy of the environment nor a redirect leads elsewhere
        self._client = httpx2.Client(
            base_url=url.rstrip("/") + "/", timeout=seconds, trust_env=False, follow_redirects=False
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def get(self, route: str, parameters: Mapping[str, str]) -> JsonResponse:
        """The response of a route; Unavailable with the reason."""
        with self.unavailable_on_error(), self._client.stream("GET", route, params=parameters) as response:
            body = self._read_body(response)
            if response.status_code != 200:
                raise Unavailable(f"{self.name} returned status {response.status_code}; expected 200.")
            return JsonResponse(json.loads(body), response.headers)

    def send(
        self, method: str, route: str, content: Any = None, accepted: Sequence[int] = (200,)
    ) -> JsonResponse:
        """The response to a request that changes something; Unavailable with the reason.

        A body that is no JSON is None.
        """
        with self.unavailable_on_error(), self._client.stream(method, route, json=content) as response:
            body = self._read_body(response)
            if response.status_code not in accepted:
                raise Unavailable(
                    f"{self.name} returned status {response.status_code}; expected {accepted[0]}."
                )
            return JsonResponse(_json_or_none(body), response.headers, response.status_code)

    @contextmanager
    def unavailable_on_error(self) -> Iterator[None]:
        """Raise Unavailable for what goes wrong with a request, or when its response is taken apart."""
        try:
            yield
        except httpx2.TimeoutException:
            raise self._timeout() from None
        except httpx2.HTTPError as error:
            raise Unavailable(f"{self.name} does not respond: {type(error).__name__}.") from None
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
            raise Unavailable(f"The response of {self.name} is not what its API documents.") from None

    def _read_body(self, response: httpx2.Response) -> bytes:
        deadline, parts, size = time.monotonic() + self._seconds, [], 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > self._max_bytes:
                raise Unavailable(f"The response of {self.name} is larger than {self._max_bytes} bytes.")
            if time.monotonic() > deadline:
                raise self._timeout()
        return b"".join(parts)

    def _timeout(self) -> Unavailable:
        return Unavailable(f"{self.name} did not respond within {self._seconds:g} s.")


def _json_or_none(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
