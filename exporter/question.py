"""A question to a source: asked by many, answered once, never asked in parallel with itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from exporter.errors import Absent, NotConfigured, OutOfTime, SourceError, TimedOut

T = TypeVar("T")
Clock = Callable[[], float]

# the times of the answers that the part being read has used, so that its age is that of its oldest answer
answers_used: ContextVar[list[float] | None] = ContextVar("answers_used", default=None)


@dataclass
class Scrape:
    """The scrape under way: until when it waits for answers (the event loop's time), and which it has had."""

    ends: float
    had: set[str] = field(default_factory=set)


scrape_under_way: ContextVar[Scrape | None] = ContextVar("scrape_under_way", default=None)


# a question that scrapes want more often than this is asked beside them, so that none of them waits for it
OFTEN = 3.0
# how much older than its period an answer may be while the next is on its way
ON_ITS_WAY = 0.5
# the rests, in seconds, of a question that costs its source next to nothing: the first, and the longest
SOON, SOON_ENOUGH = 0.25, 5.0


@dataclass(frozen=True)
class Pace:
    """How often a question may be asked, in seconds.

    `every` set: asked in the background at that period, a scrape takes the last answer.
    Otherwise asked by the scrape, at most once in `at_most_every`; sooner, the last answer serves. While
    scrapes want it often, it is asked at that period by itself, and they take the last answer.
    After n failures in a row it rests `rest * 2**n`, `longest_rest` at most; where nobody was there to be
    asked, which costs the source nothing, `SOON * 2**n`, `SOON_ENOUGH` at most.
    """

    timeout: float = 1.0
    at_most_every: float = 0.0
    every: float | None = None
    rest: float = SOON
    longest_rest: float = SOON_ENOUGH

    def stale_after(self) -> float:
        """The age from which an answer no longer speaks for the present."""
        return self.at_most_every if self.every is None else 2 * self.every + self.timeout


class Question(Generic[T]):
    """One question to one source, with its pace, its last answer and its last failure."""

    def __init__(
        self, name: str, ask: Callable[[], Awaitable[T]] | None, pace: Pace, clock: Clock = time.time
    ) -> None:
        self.name = name
        self.pace = pace
        self.failures = 0
        self.error: SourceError | None = None
        self.answered_at: float | None = None
        self.failed_at: float | None = None
        self.seconds: float | None = None
        self._ask = ask
        self._clock = clock
        self._value: T | None = None
        self._rest_until = 0.0
        self._asking: asyncio.Task[None] | None = None
        self._beside: asyncio.Task[None] | None = None
        self._wanted_by: Scrape | None = None
        self._wanted_at = float("-inf")

    @property
    def configured(self) -> bool:
        """Whether there is a source to ask."""
        return self._ask is not None

    async def answer(self) -> T:
        """The answer as of now. Raises SourceError when the source gave none, NotConfigured without one."""
        if self._ask is None:
            raise NotConfigured(f"{self.name} is not configured")
        scrape = scrape_under_way.get()
        self._note(scrape)
        if self._must_ask(scrape):
            await self._ask_for(scrape)
        if scrape is not None:
            scrape.had.add(self.name)
        if self.error is not None:
            raise self.error
        return self._take()

    async def works(self) -> bool:
        """Whether the source answers now. Raises NotConfigured without one, OutOfTime before it is known."""
        try:
            await self.answer()
        except (NotConfigured, OutOfTime):
            raise
        except SourceError:
            return False
        return True

    async def ask_now(self) -> None:
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

    def next_due(self) -> float:
        """The clock time at which the background should ask again."""
        period = self.pace.every or self.pace.at_most_every
        return max(self._rest_until, (self.answered_at or 0.0) + period)

    def _rest(self, error: SourceError) -> float:
        """How long to leave the source alone, in seconds."""
        absent = isinstance(error, Absent)
        first, longest = (SOON, SOON_ENOUGH) if absent else (self.pace.rest, self.pace.longest_rest)
        return min(first * 2.0 ** min(self.failures, 30), longest)

    def _note(self, scrape: Scrape | None) -> None:
        """Remember that a scrape wants this; from the second within a while on, ask beside the scrapes."""
        if scrape is None or scrape is self._wanted_by or self.pace.at_most_every == 0:
            return
        is_often = self._clock() - self._wanted_at < OFTEN
        self._wanted_by, self._wanted_at = scrape, self._clock()
        if is_often and self._beside is None:
            self._beside = asyncio.create_task(self._ask_beside(), name=f"ask {self.name} beside")

    async def _ask_beside(self) -> None:
        try:
            while self._clock() - self._wanted_at < OFTEN:
                await asyncio.sleep(max(self.next_due() - self._clock(), 0.01))
                await self.ask_now()
        finally:
            self._beside = None

    async def _ask_for(self, scrape: Scrape | None) -> None:
        try:
            async with asyncio.timeout_at(None if scrape is None else scrape.ends):
                await self.ask_now()
        except TimeoutError:
            raise OutOfTime(f"{self.name} gave no answer in the time that the scrape had left") from None

    def _must_ask(self, scrape: Scrape | None) -> bool:
        # one scrape gets one answer, so that no part waits for a source in the place of another
        if scrape is not None and self.name in scrape.had:
            return False
        if self._beside is not None and self._is_current():
            return False
        in_background = self.pace.every is not None
        if in_background and self.answered_at is not None:
            return False
        if self._asking is not None:
            return True
        if self._clock() < self._rest_until:
            return False
        return self.error is not None or self._age() >= self.pace.at_most_every

    def _is_current(self) -> bool:
        """Whether what was last heard, good or bad, still holds while the question is asked beside."""
        return self.error is not None or self._age() < self.pace.at_most_every + ON_ITS_WAY

    def _take(self) -> T:
        age = self._age()
        if self.pace.every is not None and age > self.pace.stale_after():
            raise TimedOut(f"{self.name} last answered {age:.0f} s ago; expected every {self.pace.every:g} s")
        used = answers_used.get()
        if used is not None and self.answered_at is not None:
            used.append(self.answered_at)
        return self._value  # type: ignore[return-value]  # an answer that is None is an answer too

    def _age(self) -> float:
        return float("inf") if self.answered_at is None else self._clock() - self.answered_at

    async def _run(self) -> None:
        assert self._ask is not None  # noqa: S101  (answer() has looked)
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self.pace.timeout):
                self._value = await self._ask()
            self._answered()
        except TimeoutError:
            self._failed(TimedOut(f"{self.name} gave no answer within {self.pace.timeout:g} s"))
        except SourceError as error:
            self._failed(error)
        except Exception as error:  # noqa: BLE001  (a fault in our own reading must cost this answer only)
            self._failed(SourceError(f"{self.name} failed with {type(error).__name__}"))
        finally:
            self.seconds = time.perf_counter() - began
            self._asking = None

    def _answered(self) -> None:
        self.answered_at, self.error, self.failures = self._clock(), None, 0
        self._rest_until = 0.0

    def _failed(self, error: SourceError) -> None:
        self.error, self._value = error, None
        self.failures += 1
        self.failed_at = self._clock()
        self._rest_until = self.failed_at + self._rest(error)
