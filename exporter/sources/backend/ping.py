"""The pings of the backend: to the fastest of the routes that cost it next to nothing."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from exporter.errors import (
    LocalNetworkError,
    RequestFailed,
    SourceError,
    SourceMisconfigured,
    SourceUnreachable,
)
from exporter.sources.backend.liveness import MAX_RETRY_INTERVAL, Clock, Liveness

log = logging.getLogger("exporter")
# static in every FastAPI application; where they are switched off, a 404 touches as little
PING_CANDIDATES = ("/docs", "/api/monitoring/health/module/ping")
FAST_PING = 0.2  # seconds within which the first candidate must respond to be chosen at once
SILENCES_BEFORE_SWITCH = 3  # times in a row that only the chosen route is silent, until another is chosen
OVERDUE_AFTER = 0.15  # seconds after which a ping is overdue
LOOP_LAG_TOLERANCE = 0.3  # seconds by which our own loop may be late before its lag counts as silence
SendPing = Callable[[str, float], Awaitable[float]]


class PingRoutes:
    """Chooses the route by trying; `route` is that of the settings, which is tried first if there is one."""

    def __init__(self, route: str | None) -> None:
        self._tried: tuple[str, ...] = (route,) if route else PING_CANDIDATES
        self._chosen: str | None = None
        self._alone = 0

    def in_order(self, silences: int) -> tuple[str, ...]:
        """The routes to ping after so many silences: the chosen one first, then another, and so on."""
        known = self._tried
        if self._chosen is not None:
            known = (self._chosen, *(route for route in PING_CANDIDATES if route != self._chosen))
        first = silences % len(known)
        return known[first:] + known[:first]

    def is_good_enough(self, took: float) -> bool:
        """Whether no further route need be tried after one that took these seconds."""
        return self._chosen is not None or took <= FAST_PING

    def choose(self, took: Mapping[str, float]) -> None:
        """Choose the fastest of these, if none was chosen or only the chosen one is silent repeatedly."""
        route = min(took, key=lambda it: took[it])
        self._alone = 0 if route == self._chosen else self._alone + 1
        if self._chosen is None or self._alone >= SILENCES_BEFORE_SWITCH:
            self._chosen, self._alone = route, 0
            log.info("backend is pinged by GET %s, which took %.0f ms", route, 1000 * took[route])


class BackendPinger:
    """Pings the backend when its liveness requires it, and records each outcome there.

    `send(route, timeout)` sends one request over a connection of its own and returns its seconds.
    """

    def __init__(
        self, liveness: Liveness, send: SendPing, route: str | None, clock: Clock = time.monotonic
    ) -> None:
        self._liveness = liveness
        self._send = send
        self._routes = PingRoutes(route)
        self._clock = clock

    async def run(self) -> None:
        """Ping for ever, as rarely as the state allows."""
        while True:
            await self._wait_until_due()
            try:
                await self.ping()
            except Exception as error:  # noqa: BLE001  (a fault of ours must not end the pings for ever)
                log.warning("ping of the backend failed with %s", type(error).__name__)
                await asyncio.sleep(MAX_RETRY_INTERVAL)
            await asyncio.sleep(self._liveness.ping_interval())

    async def _wait_until_due(self) -> None:
        while not self._liveness.is_ping_due():
            self._liveness.ping_requested.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._liveness.ping_wait()):
                    await self._liveness.ping_requested.wait()

    async def ping(self) -> None:
        """Send one ping, and report its outcome."""
        began, timeout = self._clock(), self._liveness.ping_timeout()
        try:
            with self._marking_overdue():
                took = await self._try_routes(timeout)
        except LocalNetworkError:
            await asyncio.sleep(max(began + timeout - self._clock(), 0.0))
            self._liveness.record_ping_unavailable()
        except SourceMisconfigured:
            self._liveness.record_ping_misconfigured()
            await asyncio.sleep(MAX_RETRY_INTERVAL)
        except SourceUnreachable:
            self._liveness.record_ping_refused()
        except RequestFailed:
            self._liveness.record_ping_unavailable()
        except (SourceError, TimeoutError):
            # a lag of our own loop is no silence of the backend
            if self._clock() - began <= timeout + LOOP_LAG_TOLERANCE:
                self._liveness.record_ping_silent()
        else:
            self._liveness.record_ping_response(began, took)

    @contextmanager
    def _marking_overdue(self) -> Iterator[None]:
        timer = asyncio.get_running_loop().call_later(OVERDUE_AFTER, self._liveness.set_ping_overdue, True)
        try:
            yield
        finally:
            timer.cancel()
            self._liveness.set_ping_overdue(False)

    async def _try_routes(self, seconds: float) -> float:
        """Seconds of the fastest route that responds. Raises the error of the first if none does."""
        took: dict[str, float] = {}
        for route in self._routes.in_order(self._liveness.timeouts):
            try:
                async with asyncio.timeout(seconds):
                    took[route] = await self._send(route, seconds)
            except (SourceError, TimeoutError):
                if not took:
                    raise
                continue
            if self._routes.is_good_enough(took[route]):
                break
        self._routes.choose(took)
        return min(took.values())
