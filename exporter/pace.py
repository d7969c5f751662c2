"""How often a question may be asked, and what its source demands of it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from exporter.footprint import Footprint

# the rests, in seconds, of a question that costs its source next to nothing: the first, and the longest
SOON, SOON_ENOUGH = 0.25, 5.0
# a route that is not there, or not configured, is requested once in this many seconds
ABSENT_FOR = 900.0
NOT_THERE, NOT_CONFIGURED = (404, 501), 503
# responses of 503 in a row after which a route that never gave another counts as not configured, and silences
# in a row that count although the source responds to others meanwhile
SURE = 3


@dataclass(frozen=True)
class Pace:
    """How often a question may be asked, in seconds.

    `every` set: asked in the background at that period, a scrape takes the last answer; infinite: only when
    told to by `renew`, at most once in `least_gap`.
    Otherwise asked by the scrape, at most once in `at_most_every`; sooner, the last answer serves. While
    scrapes want it often, it is asked at that period by itself, and they take the last answer; `calm` is the
    period for as long as nobody hurries it.
    After n failures in a row it rests `rest * 2**n`, `longest_rest` at most; where nobody was there to be
    asked, which costs the source nothing, `SOON * 2**n`, `SOON_ENOUGH` at most.
    `may_be_absent`: a response that the route does not exist ends the question for a quarter of an hour.
    """

    timeout: float = 1.0
    at_most_every: float = 0.0
    every: float | None = None
    rest: float = SOON
    longest_rest: float = SOON_ENOUGH
    calm: float | None = None
    least_gap: float = 0.0
    may_be_absent: bool = False


def at_once(_: str) -> AbstractAsyncContextManager[None]:
    """No source makes this question wait for its turn."""
    return nullcontext()


def never() -> bool:
    """The silence of this source always counts."""
    return False


@dataclass(frozen=True)
class Terms:
    """What a source demands of its questions: a count of what they cost, their turn, and patience.

    While `stands` is true the last answer stands whatever its age, and silence is no failure.
    """

    footprint: Footprint | None = None
    turn: Callable[[str], AbstractAsyncContextManager[Any]] = at_once
    stands: Callable[[], bool] = never
