"""The clocks of other hosts against our own."""

from math import inf

SKEW_WINDOW = 60.0
MIN_SKEW = 1.0  # what a message needs to travel is no difference of clocks
MAX_SKEW = 1e9  # a clock further off than thirty years tells nothing
MAX_HOSTS = 1000


class ClockSkew:
    """Turns a host's time into ours by the shortest delay seen of late, once that is too long for a delay."""

    def __init__(self) -> None:
        self._shortest: dict[str, list[float]] = {}  # of this window and of the one before
        self._turned_at = 0.0

    def to_local_time(self, node: str, timestamp: float, now: float) -> float:
        """This time of `node` (as in celery@host) on our clock, in Unix seconds."""
        host = node.rpartition("@")[2]
        shortest = self._shortest.get(host)
        if shortest is None:
            if len(self._shortest) >= MAX_HOSTS:
                return timestamp
            shortest = self._shortest[host] = [inf, inf]
        delay = now - timestamp
        if -MAX_SKEW < delay < shortest[0]:
            shortest[0] = delay
        offset = min(shortest)
        return timestamp + offset if MIN_SKEW < abs(offset) < MAX_SKEW else timestamp

    def rotate(self, now: float) -> None:
        """Begin a new window when it is time, so that a clock set right is noticed."""
        if now - self._turned_at < SKEW_WINDOW:
            return
        self._turned_at = now
        for host, (shortest, before) in list(self._shortest.items()):
            if shortest == before == inf:
                del self._shortest[host]
            else:
                self._shortest[host] = [inf, shortest]
