"""The verdict on a query within a bounded time, whatever patterns it has."""

import signal
from collections.abc import Collection

from exporter.compatible.documents import Query
from exporter.compatible.verdicts import MISSING, Verdict, judge

LONGEST = 5.0  # seconds


def judge_in_time(query: Query, variables: dict[str, str], recorded: Collection[str]) -> Verdict:
    """The verdict; missing where a pattern takes Python too long. For the main thread alone."""
    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, LONGEST)
    try:
        return judge(query, variables, recorded)
    except TimeoutError:
        return Verdict(query, MISSING, (f"cannot be judged within {LONGEST:g} s",))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def give_up(*_: object) -> None:
    """End what takes too long."""
    raise TimeoutError
