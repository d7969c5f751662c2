"""The share of others in a count of the server to which we ourselves add."""

import time
from collections import deque
from collections.abc import Callable

MAX_STATISTICS_DELAY = 10.0  # seconds by which the server may be late in showing what we have added


class OtherClientsCounter:
    """Counts what others have added since we began; it never falls.

    The server shows late what was added, ours or theirs, so a difference that shrinks is waited out. What
    cannot be told apart, around our beginning and a reset, is taken for ours.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._before = 0.0  # of others, up to the last reset
        self._since = 0.0  # of others, since then
        self._base: float | None = None  # the server's count when we began, 0 after a reset
        self._own_base = 0
        self._last = 0.0
        self._reset = 0.0
        self._own: deque[tuple[float, int]] = deque()  # ours by time, those of late

    def update(self, total: float, own: int, reset: float) -> float:
        """What others have added, of the server's `total`; `own` is ours, `reset` when it last began at 0."""
        if self._base is None:
            self._base = total
        elif total < self._last or reset != self._reset:
            self._before, self._since = self._before + self._since, 0.0
            self._base, self._own_base = 0.0, self._own[0][1]
        self._last, self._reset = total, reset
        self._record_own(own)
        self._since = max(self._since, total - self._base - (own - self._own_base))
        return self._before + self._since

    def _record_own(self, own: int) -> None:
        now = self._clock()
        self._own.append((now, own))
        while len(self._own) > 1 and self._own[1][0] <= now - MAX_STATISTICS_DELAY:
            self._own.popleft()
