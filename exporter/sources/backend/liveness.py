"""Whether the backend is there: by the cheapest of its routes, and by patience.

A refused connection is believed at once. Silence is believed only after three pings in a row that got no
response, each with twice the time of the one before: other clients' requests block backends of this kind for
seconds, and so do two of our own. The second of them goes to another route, since one route alone may hang.
So it is with a proxy that says three times that nobody is behind it.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from exporter.errors import (
    LocalNetworkError,
    RequestFailed,
    SourceError,
    SourceMisconfigured,
    SourceUnreachable,
)
from exporter.sources.backend.ping_routes import PingRoutes

log = logging.getLogger("exporter")
MIN_WAIT = 0.05
SLOW_REQUEST = 0.2  # seconds after which a request of ours is accompanied by pings
FIRST_VERDICT_TIMEOUT = 0.5  # seconds that a scrape waits for the first verdict
OVERDUE_AFTER = 0.15  # seconds that a ping takes before what was last heard stands until it is answered
IDLE_BEFORE_PING = 1.0  # seconds without any response after which a ping is sent
PING_TIMEOUTS = (1.0, 2.0, 4.0)  # seconds that each of the pings may take which must be silent in a row
RETRY, LONGEST_RETRY = (
    0.25,
    5.0,
)  # seconds between two pings of a backend that is away, the first and the most
USUAL_FACTOR, LEAST_USUAL = 5.0, 0.1  # a ping that takes longer than this shows a pile of requests before it
MAX_SETTLING = (
    15.0  # seconds after a block from which a ping that is answered, however late, means that it is over
)
LOOP_LAG_TOLERANCE = (
    0.3  # seconds by which our own loop may be late before its stall is held against the backend
)
RESPONDING, REFUSING, SILENT = "responding", "refusing", "silent"
SendPing = Callable[[str, float], Awaitable[float]]


class Clock(Protocol):
    """Seconds that only rise."""

    def __call__(self) -> float: ...


class Liveness:
    """Sends pings and knows whether the backend responds, refuses, or is silent beyond doubt.

    `ping(route, timeout)` sends one request over a connection of its own and returns its seconds.
    """

    def __init__(self, ping: SendPing, route: str | None, clock: Clock = time.monotonic) -> None:
        self._ping = ping
        self._routes = PingRoutes(route)
        self._clock = clock
        self.state: str | None = None  # None before the first verdict
        self.stalled = False  # silent, and not yet beyond doubt
        self._overdue = False  # a ping is under way for longer than most take
        self._silences = 0
        self._heard_at = clock()
        self._answered_sent_at = float("-inf")
        self._in_flight_since: float | None = None
        self._blocks = 0
        self._settling = False
        self._block_ended_at = float("-inf")
        self._usual = LEAST_USUAL
        self.on_return: Callable[[], None] = lambda: None
        self._known = asyncio.Event()
        self._changed = asyncio.Event()
        self._soon = asyncio.Event()

    @property
    def may_be_asked(self) -> bool:
        """Whether anything but the ping may be sent."""
        return not self.stalled and self.state != SILENT and self._blocks == 0 and not self._settling

    @property
    def proves_nothing(self) -> bool:
        """Whether silence says nothing now: a request of ours blocks the backend, or it may come back."""
        return self.stalled or self._overdue or self._blocks > 0 or self._settling

    async def is_up(self) -> bool | None:
        """Whether it responds as far as is known; a first verdict is waited for, None without one in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_VERDICT_TIMEOUT):
                await self._known.wait()
        return None if self.state is None else self.state == RESPONDING

    async def certain(self) -> None:
        """Wait until silence means something again."""
        while self.proves_nothing:
            self._changed.clear()
            await self._changed.wait()

    def responded_since(self, moment: float) -> bool:
        """Whether a ping that was sent after this moment was answered."""
        return self._answered_sent_at >= moment

    def request_began(self, moment: float) -> None:
        """A request of ours is under way from now on."""
        self._in_flight_since = moment
        self._soon.set()

    def request_ended(self) -> None:
        """It is over, whatever became of it."""
        self._in_flight_since = None

    def block_began(self) -> None:
        """A request that is known to block the backend is under way."""
        self._blocks += 1

    def block_ended(self) -> None:
        """It is over; the pile behind it may not be."""
        self._blocks -= 1
        self._settling, self._block_ended_at = True, self._clock()
        self._soon.set()

    def heard(self) -> None:
        """The backend responded to a request of ours."""
        self._heard_at = self._clock()
        if not self._settling:
            self._responds()

    def silence(self) -> None:
        """A request of ours got no response in time."""
        if not self.proves_nothing and self.state != SILENT:
            self.stalled = True
            self._soon.set()

    def refused(self) -> None:
        """A connection was refused: the ping looks again at once."""
        self._soon.set()
        self._heard_at = float("-inf")

    async def run(self) -> None:
        """Ping for ever, as seldom as the state allows."""
        while True:
            await self._until_wanted()
            try:
                await self._attempt()
            except Exception as error:  # noqa: BLE001  (a fault of ours must not end the pings for ever)
                log.warning("ping of the backend failed with %s", type(error).__name__)
                await asyncio.sleep(LONGEST_RETRY)
            await self._rest()

    async def _until_wanted(self) -> None:
        while not self._wanted():
            self._soon.clear()
            left = IDLE_BEFORE_PING - (self._clock() - self._heard_at)
            if self._in_flight_since is not None and not self.responded_since(self._in_flight_since):
                left = min(left, SLOW_REQUEST - (self._clock() - self._in_flight_since))
            with suppress(TimeoutError):
                async with asyncio.timeout(max(left, MIN_WAIT)):
                    await self._soon.wait()

    def _wanted(self) -> bool:
        if self.state != RESPONDING or self.stalled or self._settling:
            return True
        if self._blocks:
            return False
        now = self._clock()
        began = self._in_flight_since
        # one answer shows that the request blocks nobody; more would only trouble a backend that is slow
        is_slow = began is not None and now - began >= SLOW_REQUEST and not self.responded_since(began)
        return is_slow or now - self._heard_at >= IDLE_BEFORE_PING

    async def _attempt(self) -> None:
        began = self._clock()
        patience = PING_TIMEOUTS[min(self._silences, len(PING_TIMEOUTS) - 1)]
        try:
            with self._noting_overdue():
                took = await self._pinged(patience)
        except LocalNetworkError:
            await asyncio.sleep(max(began + patience - self._clock(), 0.0))
            self._is_unavailable()
        except SourceMisconfigured:
            await self._is_unknown()
        except SourceUnreachable:
            self._refuses()
        except RequestFailed:
            self._is_unavailable()
        except (SourceError, TimeoutError):
            # a stall of our own loop is no silence of the backend
            if self._clock() - began <= patience + LOOP_LAG_TOLERANCE:
                self._is_silent()
        else:
            self._answered_sent_at = began
            self._answered(took)

    @contextmanager
    def _noting_overdue(self) -> Iterator[None]:
        """While a ping takes long, what was last heard stands: nobody can know yet what its silence means."""
        overdue = asyncio.get_running_loop().call_later(OVERDUE_AFTER, setattr, self, "_overdue", True)
        try:
            yield
        finally:
            overdue.cancel()
            self._overdue = False
            self._changed.set()

    async def _pinged(self, patience: float) -> float:
        took: dict[str, float] = {}
        for route in self._routes.in_turn(self._silences):
            try:
                took[route] = await self._in_time(route, patience)
            except (SourceError, TimeoutError):
                if not took:
                    raise
                continue
            if self._routes.will_do(took[route]):
                break
        self._routes.choose(took)
        return min(took.values())

    async def _in_time(self, route: str, patience: float) -> float:
        async with asyncio.timeout(patience):
            return await self._ping(route, patience)

    def _answered(self, took: float) -> None:
        self._heard_at = self._clock()
        is_pile = took > max(USUAL_FACTOR * self._usual, LEAST_USUAL)
        if self._settling and is_pile and self._heard_at - self._block_ended_at < MAX_SETTLING:
            self._silences = 0
            return
        self._settling = False
        self._usual += 0.1 * (min(took, LEAST_USUAL) - self._usual)
        self._responds()

    def _responds(self) -> None:
        self._silences, self.stalled = 0, False
        self._changed.set()
        self._now(RESPONDING)

    def _refuses(self) -> None:
        self._silences, self.stalled, self._settling = 0, False, False
        self._now(REFUSING)

    def _is_silent(self) -> None:
        if self._blocks:
            return
        self._silences += 1
        if self._silences < len(PING_TIMEOUTS):
            self.stalled = self.state != SILENT
            return
        self.stalled = self._settling = False
        self._now(SILENT)

    async def _is_unknown(self) -> None:
        """Our own way to it is wrong: nobody knows whether it responds, and only a new setting helps."""
        self._silences, self.stalled, self._settling, self.state = 0, False, False, None
        self._known.set()
        self._changed.set()
        await asyncio.sleep(LONGEST_RETRY)

    def _is_unavailable(self) -> None:
        """Nobody was reached, or a proxy says so: three times in a row that is as sure as a refusal."""
        if self._blocks:
            return
        self._silences += 1
        if self._silences < len(PING_TIMEOUTS):
            self.stalled = self.state not in (SILENT, REFUSING)
            return
        self._refuses()

    def _now(self, state: str) -> None:
        before, self.state = self.state, state
        self._known.set()
        if before in (None, state):
            return
        log.info("backend is %s now", state)
        if state == RESPONDING:
            self.on_return()

    async def _rest(self) -> None:
        """Leave a backend alone that is away, longer each time; an unproven silence is soon looked into."""
        if self.state == SILENT:
            await asyncio.sleep(min(RETRY * 2.0 ** (self._silences - len(PING_TIMEOUTS)), LONGEST_RETRY))
        elif self.state == REFUSING or self._silences:
            await asyncio.sleep(RETRY)
        else:
            await asyncio.sleep(MIN_WAIT)
