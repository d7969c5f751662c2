"""A question to a source: asked by many, answered once, never asked in parallel with itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import inf
from typing import Generic, TypeVar

from exporter.clock import steady_time
from exporter.errors import (
    NotConfigured,
    PollDeferred,
    RequestFailed,
    RouteNotFound,
    ScrapeDeadlineExceeded,
    SourceError,
    SourceMisconfigured,
    SourceTimeout,
    SourceUnreachable,
)
from exporter.footprint import current_query
from exporter.poll_policy import (
    ABSENT_RETRY_INTERVAL,
    CONFIRMATIONS,
    FAST_BACKOFF_BASE,
    FAST_BACKOFF_MAX,
    NOT_FOUND_STATUSES,
    UNAVAILABLE_STATUS,
    PollPolicy,
    SourceConstraints,
)

T = TypeVar("T")
Clock = Callable[[], float]

# the times of the answers that the part being read has used, so that its age is that of its oldest answer
result_times: ContextVar[list[float] | None] = ContextVar("answers_used", default=None)


@dataclass
class Scrape:
    """The scrape under way: until when it waits for answers (the event loop's time), and which it has had."""

    deadline: float
    served: set[str] = field(default_factory=set)


current_scrape: ContextVar[Scrape | None] = ContextVar("scrape_under_way", default=None)


# a question that scrapes want more often than this is asked beside them, so that none of them waits for it
FREQUENT_INTERVAL = 3.0
# seconds for which a failing question is left alone at most, however much it costs
MAX_COST_BACKOFF = 60.0
# how much older than its period an answer may be while the next is on its way
REFRESH_GRACE = 0.5
# scrapes at most this far apart ask by themselves what is due, so that what they show is as new as they are
CLOSE = 0.3
# a scrape waits this long for a quick source, and asks what falls due within this
MOMENT = 0.05


class Poller(Generic[T]):
    """One question to one source, with its policy, its last answer and its last failure.

    Its times are moments of the steady clock (clock.py), in seconds.
    """

    def __init__(
        self,
        name: str,
        ask: Callable[[], Awaitable[T]] | None,
        policy: PollPolicy,
        clock: Clock = steady_time,
        constraints: SourceConstraints | None = None,
    ) -> None:
        self.name = name
        self.policy = policy
        self.constraints = constraints or SourceConstraints()
        self.failures = self.timeouts = 0
        self.error: SourceError | None = None
        self.succeeded_at: float | None = None
        self.requested_at: float | None = None
        self.result_requested_at: float | None = None  # when the answer was asked for that is held
        self.failed_at: float | None = None
        self.seconds: float | None = None
        self.absent = False
        self.deferred: PollDeferred | None = None  # why it was not asked when it was due last
        self._ask = ask
        self._clock = clock
        self._value: T | None = None
        self._rest_until = 0.0
        self._hurry_until = 0.0
        self._renew_at = inf
        self._sooner = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None
        self._beside: asyncio.Task[None] | None = None
        self._wanted_by: Scrape | None = None
        self._wanted_at = float("-inf")
        self._are_scrapes_close = False

    @property
    def configured(self) -> bool:
        """Whether there is a source to ask."""
        return self._ask is not None

    @property
    def last_result(self) -> T | None:
        """The last answer, however old; None without one, and after a failure."""
        return self._value

    @property
    def query(self) -> str:
        """The name without that of the source."""
        return self.name.partition(" ")[2] or self.name

    async def get(self) -> T:
        """The answer as of now. Raises SourceError when the source gave none, NotConfigured without one."""
        if self._ask is None:
            raise NotConfigured(f"{self.name} is not configured")
        scrape = current_scrape.get()
        self._note(scrape)
        if self._must_ask(scrape):
            await self._ask_for(scrape)
        elif self._may_ask_with(scrape):
            await self._ask_for_a_moment()
        if scrape is not None:
            scrape.served.add(self.name)
        if self.absent:
            raise RouteNotFound(f"{self.name} is not there: {self.error}")
        if self.error is not None:
            raise self.error
        return self._take()

    async def is_responding(self) -> bool:
        """Whether the source answers now. Raises NotConfigured without one, OutOfTime before it is known.

        Raises Unusable where our own way to it is wrong, which says nothing of the source.
        """
        try:
            await self.get()
        except (NotConfigured, ScrapeDeadlineExceeded, SourceMisconfigured, PollDeferred):
            raise
        except SourceError:
            return False
        return True

    async def refresh(self) -> None:
        """Ask, or join the asking that is under way; a caller that leaves does not end it."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._run(), name=f"ask {self.name}")
        await asyncio.shield(self._asking)

    async def close(self) -> None:
        """Stop asking."""
        tasks = [task for task in (self._beside, self._asking) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def poll_faster(self, seconds: float) -> None:
        """Ask at the fastest period for this long: something looks wrong."""
        until = self._clock() + seconds
        if until > self._hurry_until:
            is_calm = self._hurry_until <= self._clock()
            self._hurry_until = until
            if is_calm:
                self._sooner.set()

    def request_refresh(self) -> None:
        """Ask soon, since the last answer is of an earlier state; never before the least gap is over.

        Where the source's budget has stretched the period, that is the least gap.
        """
        gap = max(self.policy.min_refresh_gap, self._stretched())
        self._renew_at = min(self._renew_at, (self.requested_at or 0.0) + gap)
        self._sooner.set()

    def pause(self, seconds: float) -> None:
        """Do not ask for this long."""
        self._rest_until = max(self._rest_until, self._clock() + seconds)

    def retry_soon(self) -> None:
        """Ask soon what failed or was not there: the source has come back, and may be another one by now."""
        if self.error is not None:
            self.absent, self.failures, self._rest_until = False, 0, 0.0
            self._sooner.set()

    def next_due(self) -> float:
        """The clock time at which the background should ask again."""
        due = (self.succeeded_at or 0.0) + self._period()
        return max(self._rest_until, min(due, self._renew_at))

    def age(self) -> float:
        """Seconds since the last answer, infinite without one."""
        return inf if self.succeeded_at is None else self._clock() - self.succeeded_at

    def max_age(self) -> float:
        """The age from which an answer that was not asked for is none: two of the periods in force."""
        return 2 * self._period() + self.policy.timeout

    async def wait_until_due(self) -> None:
        """Wait until it is time to ask again, or until something makes it earlier."""
        while (left := self.next_due() - self._clock()) > 0:
            self._sooner.clear()
            try:
                async with asyncio.timeout(None if left == inf else left):
                    await self._sooner.wait()
            except TimeoutError:
                return

    def _period(self) -> float:
        """Seconds between two askings, as wanted, or as the source's budget allows."""
        policy, footprint = self.policy, self.constraints.footprint
        is_hurried = policy.relaxed_interval is not None and self._clock() < self._hurry_until
        wanted = self._wanted()
        if footprint is None:
            return policy.min_interval if is_hurried else wanted
        return footprint.interval(self.query, wanted, policy.min_interval if is_hurried else None)

    def _stretched(self) -> float:
        """The period to which the source's budget has stretched the wanted one, else 0."""
        wanted, footprint = self._wanted(), self.constraints.footprint
        period = wanted if footprint is None else footprint.interval(self.query, wanted)
        return period if period > wanted else 0.0

    def _wanted(self) -> float:
        policy = self.policy
        return (
            policy.interval if policy.interval is not None else policy.relaxed_interval or policy.min_interval
        )

    def _rest(self, error: SourceError) -> float:
        """How long to leave the source alone, in seconds."""
        if self.absent:
            return ABSENT_RETRY_INTERVAL
        if isinstance(error, SourceUnreachable):
            return min(FAST_BACKOFF_BASE * 2.0 ** min(self.failures, 30), FAST_BACKOFF_MAX)
        rest = min(self.policy.backoff_base * 2.0 ** min(self.failures, 30), self.policy.max_backoff)
        # what fails costs the source as much as what does not, and a time-out most of all
        return max(rest, min(self._stretched(), MAX_COST_BACKOFF))

    def _note(self, scrape: Scrape | None) -> None:
        """Remember that a scrape wants this; from the second within a while on, ask beside the scrapes."""
        if scrape is None or scrape is self._wanted_by or self.policy.min_interval == 0:
            return
        since = self._clock() - self._wanted_at
        is_often, self._are_scrapes_close = since < FREQUENT_INTERVAL, since < CLOSE
        self._wanted_by, self._wanted_at = scrape, self._clock()
        if is_often and self._beside is None:
            self._beside = asyncio.create_task(self._ask_beside(), name=f"ask {self.name} beside")

    async def _ask_beside(self) -> None:
        try:
            while self._clock() - self._wanted_at < max(FREQUENT_INTERVAL, self._period()):
                await self.wait_until_due()
                await self._leave_to_scrape()
                if self.next_due() <= self._clock():
                    await self.refresh()
                await asyncio.sleep(0.01)
        finally:
            self._beside = None

    async def _leave_to_scrape(self) -> None:
        """Wait for the scrape that is about to come, which asks by itself; not where none is expected."""
        left = self._wanted_at + CLOSE - self._clock()
        if self._is_quick() and left > 0:
            await asyncio.sleep(left)

    def _may_ask_with(self, scrape: Scrape | None) -> bool:
        """Whether this scrape asks what is due now: it is quick enough to be waited for."""
        if scrape is None or self._beside is None or self.name in scrape.served or self._holds():
            return False
        return self._is_quick() and self.next_due() - self._clock() <= MOMENT

    def _is_quick(self) -> bool:
        return self._are_scrapes_close and self.error is None and (self.seconds or 0.0) < MOMENT

    async def _ask_for_a_moment(self) -> None:
        """Ask, and wait so briefly that a source that has become slow delays no scrape."""
        with suppress(TimeoutError):
            async with asyncio.timeout(MOMENT):
                await self.refresh()

    async def _ask_for(self, scrape: Scrape | None) -> None:
        try:
            async with asyncio.timeout_at(None if scrape is None else scrape.deadline):
                await self.refresh()
        except TimeoutError:
            raise ScrapeDeadlineExceeded(
                f"{self.name} gave no answer in the time that the scrape had left"
            ) from None

    def _must_ask(self, scrape: Scrape | None) -> bool:
        # one scrape gets one answer, so that no part waits for a source in the place of another
        if (scrape is not None and self.name in scrape.served) or self._holds():
            return False
        if self._beside is not None and self._is_current():
            return False
        in_background = self.policy.interval is not None
        if in_background and (self.succeeded_at is not None or self.policy.interval == inf):
            return False
        if self._asking is not None:
            return True
        if self._clock() < self._rest_until:
            return False
        return self.error is not None or self.age() >= self._period()

    def _holds(self) -> bool:
        """Whether the last answer stands, since the source cannot be expected to give another now."""
        return (
            self.succeeded_at is not None or self.error is not None
        ) and self.constraints.holds_last_result()

    def _is_current(self) -> bool:
        """Whether what was last heard, good or bad, still holds while the question is asked beside."""
        return self.error is not None or self.age() < self._period() + REFRESH_GRACE

    def _take(self) -> T:
        age, stands = self.age(), self.constraints.holds_last_result()
        if self.deferred is not None and not stands and age > self.max_age() + REFRESH_GRACE:
            raise self.deferred
        if self.succeeded_at is None:
            raise PollDeferred(f"{self.name} was not asked yet; the source is left alone for now")
        if self.policy.interval is not None and age > self.max_age() and not stands:
            raise SourceTimeout(
                f"{self.name} last answered {age:.0f} s ago; expected every {self.policy.interval:g} s"
            )
        used = result_times.get()
        # what is asked on change tells of now for as long as nothing changes
        if used is not None and self.policy.interval != inf:
            used.append(self.succeeded_at)
        return self._value  # type: ignore[return-value]  # an answer that is None is an answer too

    async def _run(self) -> None:
        assert self._ask is not None  # noqa: S101  (answer() has looked)
        try:
            current_query.set(self.query)
            async with self.constraints.turn(self.query):
                self._value = await self._asked_in_time(self._ask)
            self._answered()
        except PollDeferred as withheld:
            self.deferred = withheld
            self.pause(withheld.retry_in)
        except TimeoutError:
            self._silent()
        except SourceError as error:
            self._failed(error)
        except Exception as error:  # noqa: BLE001  (a fault in our own reading must cost this answer only)
            self._failed(SourceError(f"{self.name} failed with {type(error).__name__}"))
        finally:
            self._asking = None

    async def _asked_in_time(self, ask: Callable[[], Awaitable[T]]) -> T:
        began = time.perf_counter()
        self.requested_at, self._renew_at = self._clock(), inf
        try:
            with (
                nullcontext()
                if self.constraints.footprint is None
                else self.constraints.footprint.poll(self.query)
            ):
                async with asyncio.timeout(self.policy.timeout):
                    return await ask()
        finally:
            self.seconds = time.perf_counter() - began

    def _answered(self) -> None:
        self.succeeded_at, self.error, self.failures, self.deferred = self._clock(), None, 0, None
        self.timeouts = 0
        self.result_requested_at = self.requested_at
        self._rest_until, self.absent = 0.0, False

    def _silent(self) -> None:
        """A silence that is known to prove nothing is no failure, unless it comes again and again."""
        self.timeouts += 1
        if self.constraints.holds_last_result() and self.timeouts < CONFIRMATIONS:
            self.pause(FAST_BACKOFF_BASE * 2.0**self.timeouts)
            return
        self._failed(SourceTimeout(f"{self.name} gave no answer within {self.policy.timeout:g} s"))

    def _failed(self, error: SourceError) -> None:
        self.error, self._value, self.deferred = error, None, None
        self.failures += 1
        self.failed_at = self._clock()
        self.absent = self._is_absent(error)
        self._rest_until = self.failed_at + self._rest(error)

    def _is_absent(self, error: SourceError) -> bool:
        """Whether the response means that the route is not there; a 503 only where it never gave another."""
        if not self.policy.may_be_absent or not isinstance(error, RequestFailed):
            return False
        if error.status == UNAVAILABLE_STATUS:
            return self.succeeded_at is None and self.failures >= CONFIRMATIONS
        return error.status in NOT_FOUND_STATUSES
