"""A limit on wrong tokens by address; IPv6 addresses of one /64 count as one."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from threading import Lock

from ingestion_api.networks import client_network

REMEMBERED = 10_000  # addresses; the longest silent one is forgotten first


class AttemptLimiter:
    """Failed attempts per address, at most `limit` within a sliding window of `window` seconds."""

    def __init__(self, limit: int, window: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self.window = window
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def wait(self, address: str) -> float:
        """Seconds until this address may try again; 0 when it may now."""
        with self._lock:
            failures = self._recent(address)
            if len(failures) < self.limit:
                return 0.0
            return failures[0] + self.window - self._clock()

    def failed(self, address: str) -> None:
        """Remember a failed attempt."""
        with self._lock:
            self._recent(address).append(self._clock())
            self._failures.move_to_end(client_network(address))
            while len(self._failures) > REMEMBERED:
                self._failures.popitem(last=False)

    def _recent(self, address: str) -> deque[float]:
        failures = self._failures.setdefault(client_network(address), deque(maxlen=self.limit))
        while failures and failures[0] <= self._clock() - self.window:
            failures.popleft()
        return failures
