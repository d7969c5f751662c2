"""Whether the backend responds, refuses connections, or is silent.

A refused connection counts at once. Silence counts only after three pings in a row without a response, each
with twice the timeout of the one before: requests of other clients block backends of this kind for seconds,
and so do two of our own. A gateway error of a proxy counts after three pings as well.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

log = logging.getLogger("exporter")
MIN_WAIT = 0.05
SLOW_REQUEST = 0.2  # seconds after which a request of ours is accompanied by pings
FIRST_VERDICT_TIMEOUT = 0.5  # seconds that a scrape waits for the first verdict
IDLE_BEFORE_PING = 1.0  # seconds without any response after which a ping is sent
PING_TIMEOUTS = (1.0, 2.0, 4.0)  # of the pings in a row that must be silent
RETRY_INTERVAL = 0.25  # seconds between two pings of a backend that is down, at first
MAX_RETRY_INTERVAL = 5.0
SLOW_PING_FACTOR = 5.0  # a ping this many times slower than usual waits behind a pile of requests
MIN_SLOW_PING = 0.1  # seconds below which no ping is slow
MAX_SETTLING = 15.0  # seconds after a block from which any response to a ping ends it, however late
RESPONDING, REFUSING, SILENT = "responding", "refusing", "silent"


class Clock(Protocol):
    """Seconds that only rise."""

    def __call__(self) -> float: ...


class Liveness:
    """The state of the backend, from the outcomes of pings and of all other requests."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self.state: str | None = None  # None before the first verdict
        self.stalled = False  # silent, but not yet for long enough to count
        self.timeouts = 0  # pings in a row without a response
        self._ping_overdue = False  # a ping takes longer than most
        self._heard_at = clock()
        self._answered_sent_at = float("-inf")
        self._in_flight_since: float | None = None
        self._blocks = 0
        self._settling = False  # a block has ended, the pile of requests behind it perhaps not
        self._block_ended_at = float("-inf")
        self._usual = MIN_SLOW_PING
        self.on_return: Callable[[], None] = lambda: None
        self._known = asyncio.Event()
        self._changed = asyncio.Event()
        self.ping_requested = asyncio.Event()

    @property
    def accepts_requests(self) -> bool:
        """Whether anything but the ping may be sent."""
        return not self.stalled and self.state != SILENT and self._blocks == 0 and not self._settling

    @property
    def is_inconclusive(self) -> bool:
        """Whether silence proves nothing now: a request of ours blocks the backend, or a ping is overdue."""
        return self.stalled or self._ping_overdue or self._blocks > 0 or self._settling

    async def is_up(self) -> bool | None:
        """Whether the backend responds. Waits for a first verdict; None without one in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_VERDICT_TIMEOUT):
                await self._known.wait()
        return None if self.state is None else self.state == RESPONDING

    async def wait_until_conclusive(self) -> None:
        """Wait until silence proves something again."""
        while self.is_inconclusive:
            self._changed.clear()
            await self._changed.wait()

    def responded_since(self, moment: float) -> bool:
        """Whether a ping that was sent after this moment got a response."""
        return self._answered_sent_at >= moment

    def is_request_waiting(self) -> bool:
        """Whether our request in flight blocks nothing: the backend has responded to a ping meanwhile."""
        return self._in_flight_since is not None and self.responded_since(self._in_flight_since)

    def record_request_start(self, moment: float) -> None:
        """A request of ours is in flight from now on."""
        self._in_flight_since = moment
        self.ping_requested.set()

    def record_request_end(self) -> None:
        """No request of ours is in flight any more, whatever its outcome."""
        self._in_flight_since = None

    def record_block_start(self) -> None:
        """A request that is known to block the backend is in flight."""
        self._blocks += 1

    def record_block_end(self) -> None:
        """That request has ended; the pile of requests behind it perhaps not."""
        self._blocks -= 1
        self._settling, self._block_ended_at = True, self._clock()
        self.ping_requested.set()

    def record_response(self) -> None:
        """The backend responded to a request of ours."""
        self._heard_at = self._clock()
        if not self._settling:
            self._set_responding()

    def record_timeout(self) -> None:
        """A request of ours got no response in time."""
        if not self.is_inconclusive and self.state != SILENT:
            self.stalled = True
            self.ping_requested.set()

    def record_refusal(self) -> None:
        """A connection was refused: ping at once."""
        self.ping_requested.set()
        self._heard_at = float("-inf")

    def is_ping_due(self) -> bool:
        """Whether a ping is to be sent now."""
        if self.state != RESPONDING or self.stalled or self._settling:
            return True
        if self._blocks:
            return False
        now = self._clock()
        began = self._in_flight_since
        # one response proves that the request blocks nothing; more would only burden a slow backend
        is_slow = began is not None and now - began >= SLOW_REQUEST and not self.responded_since(began)
        return is_slow or now - self._heard_at >= IDLE_BEFORE_PING

    def ping_wait(self) -> float:
        """Seconds until a ping may be due."""
        left = IDLE_BEFORE_PING - (self._clock() - self._heard_at)
        if self._in_flight_since is not None and not self.responded_since(self._in_flight_since):
            left = min(left, SLOW_REQUEST - (self._clock() - self._in_flight_since))
        return max(left, MIN_WAIT)

    def ping_timeout(self) -> float:
        """Seconds that the next ping may take."""
        return PING_TIMEOUTS[min(self.timeouts, len(PING_TIMEOUTS) - 1)]

    def ping_interval(self) -> float:
        """Seconds to pause after a ping: longer each time while silent, short while silence is unproven."""
        if self.state == SILENT:
            return min(
                RETRY_INTERVAL * 2.0 ** min(self.timeouts - len(PING_TIMEOUTS), 30), MAX_RETRY_INTERVAL
            )
        return RETRY_INTERVAL if self.state == REFUSING or self.timeouts else MIN_WAIT

    def set_ping_overdue(self, overdue: bool) -> None:
        """While a ping is overdue the last state stands: its silence may mean anything."""
        self._ping_overdue = overdue
        if not overdue:
            self._changed.set()

    def record_ping_response(self, sent_at: float, took: float) -> None:
        """A ping got a response after these seconds; a slow one waited behind other requests."""
        self._answered_sent_at, self._heard_at = sent_at, self._clock()
        is_pile = took > max(SLOW_PING_FACTOR * self._usual, MIN_SLOW_PING)
        if self._settling and is_pile and self._heard_at - self._block_ended_at < MAX_SETTLING:
            self.timeouts = 0
            return
        self._settling = False
        self._usual += 0.1 * (min(took, MIN_SLOW_PING) - self._usual)
        self._set_responding()

    def record_ping_refused(self) -> None:
        """The connection of a ping was refused."""
        self._clear_doubts()
        self._set_state(REFUSING)

    def record_ping_silent(self) -> None:
        """A ping got no response in time; the third in a row proves the silence."""
        if self._blocks:
            return
        self.timeouts += 1
        if self.timeouts < len(PING_TIMEOUTS):
            self.stalled = self.state != SILENT
            return
        self.stalled = self._settling = False
        self._set_state(SILENT)

    def record_ping_unavailable(self) -> None:
        """A ping or its proxy could not reach the backend; the third in a row counts as a refusal."""
        if self._blocks:
            return
        self.timeouts += 1
        if self.timeouts < len(PING_TIMEOUTS):
            self.stalled = self.state not in (SILENT, REFUSING)
            return
        self.record_ping_refused()

    def record_ping_misconfigured(self) -> None:
        """Our own settings are wrong: the state is unknown until they change."""
        self._clear_doubts()
        self.state = None
        self._known.set()
        self._changed.set()

    def _clear_doubts(self) -> None:
        self.timeouts, self.stalled, self._settling = 0, False, False

    def _set_responding(self) -> None:
        self.timeouts, self.stalled = 0, False
        self._changed.set()
        self._set_state(RESPONDING)

    def _set_state(self, state: str) -> None:
        before, self.state = self.state, state
        self._known.set()
        if before in (None, state):
            return
        log.info("backend is %s now", state)
        if state == RESPONDING:
            self.on_return()
