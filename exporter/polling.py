"""A poller calls one source: many callers share one result, and no two calls run at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from math import inf
from typing import Generic, TypeVar

from exporter.clock import steady_time
from exporter.errors import (
    NotConfigured,
    PollDeferred,
    RouteNotFound,
    ScrapeDeadlineExceeded,
    SourceError,
    SourceMisconfigured,
    SourceTimeout,
)
from exporter.footprint import current_query
from exporter.poll_policy import PollPolicy, SourceConstraints
from exporter.poll_schedule import Clock, PollSchedule
from exporter.scrape import (
    CLOSE_INTERVAL,
    FREQUENT_INTERVAL,
    Scrape,
    ScrapeDemand,
    current_scrape,
    result_times,
)

T = TypeVar("T")
REFRESH_GRACE = 0.5  # seconds by which a result may exceed its interval while the next is on its way
QUICK = 0.05  # seconds that a scrape waits for a quick source, and by which it polls early at most
VERIFY_WAIT = 0.1  # seconds that a scrape waits at most to have its new result verified
# seconds between two such waits: what goes up and down must not delay page after page, with all else on it
VERIFY_GAP = 10.0
# the share of its interval by which a poll may come early, so that it comes with a scrape
EARLY = 0.2
MIN_PAUSE = 0.01  # seconds between two polls, whatever the clock shows


class Poller(PollSchedule, Generic[T]):
    """Polls one source by a policy, and keeps its last result and its last error."""

    def __init__(
        self,
        name: str,
        call: Callable[[], Awaitable[T]] | None,
        policy: PollPolicy,
        clock: Clock = steady_time,
        constraints: SourceConstraints | None = None,
    ) -> None:
        # the name without that of the source
        query = name.partition(" ")[2] or name
        super().__init__(query, policy, constraints or SourceConstraints(), clock)
        self.name = name
        self.seconds: float | None = None
        self.deferred: PollDeferred | None = None  # why the last poll that was due was not made
        self._call = call
        self._result: T | None = None
        self._demand = ScrapeDemand(clock)
        self._verified_at = -inf  # when a scrape last waited to have its result verified
        self._polling: asyncio.Task[None] | None = None
        self._background: asyncio.Task[None] | None = None

    @property
    def configured(self) -> bool:
        """Whether there is a source to poll."""
        return self._call is not None

    @property
    def is_polled_ahead(self) -> bool:
        """Whether scrapes want it so often that it is polled between them."""
        return self._background is not None

    @property
    def last_result(self) -> T | None:
        """The last result, however old; None without one, and after a failure."""
        return self._result

    async def get(self) -> T:
        """The result as of now. Raises SourceError when the source gave none, NotConfigured without one."""
        if self._call is None:
            raise NotConfigured(f"{self.name} is not configured")
        scrape = current_scrape.get()
        self._record_demand(scrape)
        if self._must_poll(scrape):
            await self._poll_for(scrape)
        elif scrape is not None and self._may_poll_with(scrape):
            await self._refresh_briefly()
            await self._verify_within(scrape)
        if scrape is not None:
            scrape.served.add(self.name)
        if self.absent:
            raise RouteNotFound(f"{self.name} does not exist: {self.error}")
        if self.error is not None:
            raise self.error
        return self._current_result()

    async def is_responding(self) -> bool:
        """Whether the source responds now.

        Raises NotConfigured, ScrapeDeadlineExceeded, SourceMisconfigured or PollDeferred where it is unknown.
        """
        try:
            await self.get()
        except (NotConfigured, ScrapeDeadlineExceeded, SourceMisconfigured, PollDeferred):
            raise
        except SourceError:
            return False
        return True

    async def refresh(self) -> None:
        """Poll, or join the poll under way; a caller that leaves does not end it."""
        if self._polling is None:
            self._polling = asyncio.create_task(self._poll(), name=f"poll {self.name}")
        await asyncio.shield(self._polling)

    def adopt(self, result: T) -> None:
        """Take what another request has brought along; a poll under way brings its own."""
        if self._polling is None:
            self.record_request()
            self._result, self.deferred = result, None
            self.record_success()

    async def _refresh_briefly(self) -> None:
        """Poll, so briefly that a source that has become slow delays no scrape."""
        with suppress(TimeoutError):
            async with asyncio.timeout(QUICK):
                await self.refresh()

    async def _verify_within(self, scrape: Scrape) -> None:
        """Poll once more where the new result must be verified soon, as a page waits for that."""
        wait = max(self.seconds_to_refresh(), 0.0)
        left = scrape.deadline - asyncio.get_running_loop().time()
        is_rare = self._clock() - self._verified_at >= VERIFY_GAP
        if is_rare and wait <= VERIFY_WAIT and wait + QUICK < left:
            self._verified_at = self._clock()
            await asyncio.sleep(wait)
            await self._refresh_briefly()

    async def close(self) -> None:
        """Stop polling."""
        tasks = [task for task in (self._background, self._polling) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _record_demand(self, scrape: Scrape | None) -> None:
        """From the second scrape within a while on, poll in the background."""
        if self.policy.min_interval == 0:
            return
        if self._demand.record(scrape) and self._background is None:
            self._background = asyncio.create_task(self._poll_in_background(), name=f"poll {self.name} ahead")

    async def _poll_in_background(self) -> None:
        try:
            while self._demand.age() < max(FREQUENT_INTERVAL, self.interval()):
                await self.wait_until_due()
                # a scrape that is about to come polls by itself
                left = CLOSE_INTERVAL - self._demand.age()
                if self._is_quick() and left > 0:
                    await asyncio.sleep(left)
                if self.next_due() <= self._clock():
                    await self.refresh()
                    await asyncio.sleep(MIN_PAUSE)
        finally:
            self._background = None

    def _may_poll_with(self, scrape: Scrape) -> bool:
        """Whether this scrape polls what is due now: the source is quick enough to be waited for."""
        if self._background is None or self._is_fixed_for(scrape):
            return False
        return self._is_quick() and self.next_due() - self._clock() <= min(QUICK, EARLY * self.interval())

    def _is_quick(self) -> bool:
        return self._demand.is_close and self.error is None and (self.seconds or 0.0) < QUICK

    async def _poll_for(self, scrape: Scrape | None) -> None:
        try:
            async with asyncio.timeout_at(None if scrape is None else scrape.deadline):
                await self.refresh()
        except TimeoutError:
            raise ScrapeDeadlineExceeded(f"{self.name} did not respond before the deadline") from None

    def _must_poll(self, scrape: Scrape | None) -> bool:
        if self._is_fixed_for(scrape):
            return False
        is_fresh = self.error is not None or self.age() < self.interval() + REFRESH_GRACE
        if self._background is not None and is_fresh:
            return False
        interval = self.policy.interval
        if interval is not None and (self.succeeded_at is not None or interval == inf):
            return False
        if self._polling is not None:
            return True
        return not self.is_backing_off() and (self.error is not None or self.age() >= self.interval())

    def _is_fixed_for(self, scrape: Scrape | None) -> bool:
        """Whether this scrape takes what is there, since it has had it or no new result can be expected."""
        # one scrape gets one result, so that no part waits for a source in the place of another
        if scrape is not None and self.name in scrape.served:
            return True
        is_known = self.succeeded_at is not None or self.error is not None
        return is_known and self.constraints.holds_last_result()

    def _current_result(self) -> T:
        age, holds, interval = self.age(), self.constraints.holds_last_result(), self.policy.interval
        if self.deferred is not None and not holds and age > self.max_age() + REFRESH_GRACE:
            raise self.deferred
        if self.succeeded_at is None:
            raise PollDeferred(f"{self.name} was not polled yet; the source is left alone for now")
        if interval is not None and age > self.max_age() and not holds:
            raise SourceTimeout(f"{self.name} last responded {age:.0f} s ago; expected every {interval:g} s")
        used = result_times.get()
        # what is polled on change is of now for as long as nothing changes
        if used is not None and interval != inf:
            used.append(self.succeeded_at)
        return self._result  # type: ignore[return-value]  # None is a result too

    async def _poll(self) -> None:
        try:
            current_query.set(self.query)
            async with self.constraints.turn(self.query):
                self._result = await self._timed_call()
            self.deferred = None
            self.record_success()
        except PollDeferred as deferred:
            self.deferred = deferred
            self.pause(deferred.retry_in)
        except TimeoutError:
            if not self.excuses_timeout():
                self._fail(SourceTimeout(f"{self.name} did not respond within {self.policy.timeout:g} s"))
        except SourceError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001  (a fault in our own code must cost this result only)
            self._fail(SourceError(f"{self.name} failed with {type(error).__name__}"))
        finally:
            self._polling = None

    async def _timed_call(self) -> T:
        assert self._call is not None  # noqa: S101  (get() has checked it)
        began, footprint = time.perf_counter(), self.constraints.footprint
        self.record_request()
        try:
            with nullcontext() if footprint is None else footprint.poll(self.query):
                async with asyncio.timeout(self.policy.timeout):
                    return await self._call()
        finally:
            self.seconds = time.perf_counter() - began

    def _fail(self, error: SourceError) -> None:
        self._result, self.deferred = None, None
        self.record_failure(error)
