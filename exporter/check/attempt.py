"""One attempt at a poll, within a time limit, with its cost."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from redis.asyncio.connection import AbstractConnection
from sqlalchemy import Engine, event

from exporter.check.finding import PollCost
from exporter.errors import SourceError, SourceTimeout
from exporter.polling import Poller
from exporter.sources.http_client import HttpClient
from exporter.sources.http_response import HttpResponse

T = TypeVar("T")


@dataclass
class OperationCounter:
    """The operations sent since the check began."""

    requests: int = 0
    transactions: int = 0
    commands: int = 0

    @property
    def operations(self) -> int:
        """All of it; a poll sends one kind only."""
        return self.requests + self.transactions + self.commands


class CheckDeadline:
    """The time that the whole check may take, in seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends = clock() + seconds

    def left(self) -> float:
        """Seconds that are left, 0 once they are over."""
        return max(self._ends - self._clock(), 0.0)


@dataclass(frozen=True)
class Attempt:
    """The result of a poll: `value` or `error`; neither where the time was over."""

    name: str
    value: Any
    error: SourceError | None
    seconds: float
    poll: PollCost | None

    @property
    def skipped(self) -> bool:
        """Whether there was no time to try."""
        return self.poll is None


async def try_poll(
    poller: Poller[Any],
    meter: OperationCounter,
    limit: CheckDeadline,
    most: float = 3.0,
    shared: Sequence[Poller[Any]] = (),
) -> Attempt:
    """Poll once, for `most` seconds and never longer than the check has left.

    A poll may wait for `shared` ones that have periods of their own: those are not counted here.
    """
    seconds = min(most, limit.left())
    if seconds <= 0:
        return Attempt(poller.name, None, None, 0.0, None)
    before, began = meter.operations, time.perf_counter()
    others = {other: other.succeeded_at for other in shared if other is not poller}
    try:
        async with asyncio.timeout(seconds):
            await poller.refresh()
    except TimeoutError:
        await poller.close()
    took = time.perf_counter() - began
    error = poller.error
    if error is None and poller.succeeded_at is None:
        error = SourceTimeout(f"{poller.name} did not respond within {seconds:.0f} s")
    value = None if error else await poller.get()
    sent = meter.operations - before - sum(it.succeeded_at != earlier for it, earlier in others.items())
    poll = PollCost(poller.name, polls_a_minute(poller), sent, took)
    return Attempt(poller.name, value, error, took, poll)


async def with_timeout(request: Awaitable[T], seconds: float) -> T:
    """The result of the request, within `seconds`. Raises SourceTimeout."""
    try:
        async with asyncio.timeout(max(seconds, 0.01)):
            return await request
    except TimeoutError:
        raise SourceTimeout(f"no response within {seconds:.0f} s") from None


def polls_a_minute(poller: Poller[Any]) -> float:
    """Polls a minute while Prometheus scrapes the exporter."""
    period = poller.policy.interval or poller.policy.relaxed_interval or poller.policy.min_interval
    return 60 / period if period else 0.0


@contextmanager
def count_operations(*clients: HttpClient) -> Iterator[OperationCounter]:
    """Count what these clients, every Redis client and every database connection send meanwhile."""
    meter = OperationCounter()
    read_response = AbstractConnection.read_response

    def count_transaction(_: object) -> None:
        meter.transactions += 1

    def count_command(self: AbstractConnection, *given: Any, **more: Any) -> Any:
        meter.commands += 1
        return read_response(self, *given, **more)

    for client in clients:
        count_requests(client, meter)
    event.listen(Engine, "begin", count_transaction)
    # each command has one response, however it is sent
    AbstractConnection.read_response = count_command  # type: ignore[method-assign]
    try:
        yield meter
    finally:
        AbstractConnection.read_response = read_response  # type: ignore[method-assign]
        event.remove(Engine, "begin", count_transaction)


def count_requests(client: HttpClient, meter: OperationCounter) -> None:
    """Count the requests of this client."""
    get = client.get

    async def counted(*given: Any, **more: Any) -> HttpResponse:
        meter.requests += 1
        return await get(*given, **more)

    client.get = counted  # type: ignore[method-assign]
