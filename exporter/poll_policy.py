"""How often a question may be asked, and what its source demands of it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from exporter.footprint import Footprint

# the rests, in seconds, of a question that costs its source next to nothing: the first, and the longest
FAST_BACKOFF_BASE, FAST_BACKOFF_MAX = 0.25, 5.0
# a route that is not there, or not configured, is requested once in this many seconds
ABSENT_RETRY_INTERVAL = 900.0
NOT_FOUND_STATUSES, UNAVAILABLE_STATUS = (404, 501), 503
# responses of 503 in a row after which a route that never gave another counts as not configured, and silences
# in a row that count although the source responds to others meanwhile
CONFIRMATIONS = 3


@dataclass(frozen=True)
class PollPolicy:
    """How often a question may be asked, in seconds.

    `every` set: asked in the background at that period, a scrape takes the last answer; infinite: only when
    told to by `renew`, at most once in `least_gap`.
    Otherwise asked by the scrape, at most once in `at_most_every`; sooner, the last answer serves. While
    scrapes want it often, it is asked at that period by itself, and they take the last answer; `calm` is the
    period for as long as nobody hurries it.
    After n failures in a row it rests `rest * 2**n`, `longest_rest` at most; where nobody was there to be
    asked, which costs the source nothing, `FAST_BACKOFF_BASE * 2**n`, `FAST_BACKOFF_MAX` at most.
    `may_be_absent`: a response that the route does not exist ends the question for a quarter of an hour.
    """

    timeout: float = 1.0
    at_most_every: float = 0.0
    every: float | None = None
    rest: float = FAST_BACKOFF_BASE
    longest_rest: float = FAST_BACKOFF_MAX
    calm: float | None = None
    least_gap: float = 0.0
    may_be_absent: bool = False


def no_turn(_: str) -> AbstractAsyncContextManager[None]:
    """No source makes this question wait for its turn."""
    return nullcontext()


def always_false() -> bool:
    """The silence of this source always counts."""
    return False


@dataclass(frozen=True)
class SourceConstraints:
    """What a source demands of its questions: a count of what they cost, their turn, and patience.

    While `stands` is true the last answer stands whatever its age, and silence is no failure.
    """

    footprint: Footprint | None = None
    turn: Callable[[str], AbstractAsyncContextManager[Any]] = no_turn
    stands: Callable[[], bool] = always_false
