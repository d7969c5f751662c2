"""One poll made once, within a time, with what it cost."""

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
    """What was sent since the check began."""

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
    """How a poll went: `value` where it succeeded, else `error`; None for both where the time was over."""

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
    question: Poller[Any],
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
        return Attempt(question.name, None, None, 0.0, None)
    before, began = meter.operations, time.perf_counter()
    others = {other: other.succeeded_at for other in shared if other is not question}
    try:
        async with asyncio.timeout(seconds):
            await question.refresh()
    except TimeoutError:
        await question.close()
    took = time.perf_counter() - began
    error = question.error
    if error is None and question.succeeded_at is None:
        error = SourceTimeout(f"{question.name} did not respond within {seconds:.0f} s")
    value = None if error else await question.get()
    sent = meter.operations - before - sum(it.succeeded_at != earlier for it, earlier in others.items())
    poll = PollCost(question.name, polls_a_minute(question), sent, took)
    return Attempt(question.name, value, error, took, poll)


async def with_timeout(request: Awaitable[T], seconds: float) -> T:
    """What is awaited, within so many seconds. Raises TimedOut."""
    try:
        async with asyncio.timeout(max(seconds, 0.01)):
            return await request
    except TimeoutError:
        raise SourceTimeout(f"no response within {seconds:.0f} s") from None


def polls_a_minute(question: Poller[Any]) -> float:
    """How often the exporter makes this poll while Prometheus scrapes it."""
    period = question.policy.interval or question.policy.relaxed_interval or question.policy.min_interval
    return 60 / period if period else 0.0


@contextmanager
def count_operations(*clients: HttpClient) -> Iterator[OperationCounter]:
    """A meter of what these clients, every Redis client and every database connection send meanwhile."""
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
    # a command has one response, whichever way it is sent
    AbstractConnection.read_response = count_command  # type: ignore[method-assign]
    try:
        yield meter
    finally:
        AbstractConnection.read_response = read_response  # type: ignore[method-assign]
        event.remove(Engine, "begin", count_transaction)


def count_requests(client: HttpClient, meter: OperationCounter) -> None:
    """Count what this client sends."""
    get = client.get

    async def counted(*given: Any, **more: Any) -> HttpResponse:
        meter.requests += 1
        return await get(*given, **more)

    client.get = counted  # type: ignore[method-assign]
