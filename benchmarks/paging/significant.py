"""When the responses of the last seconds prove that too many are bad, as who sent the requests sees it."""

from collections import deque
from math import sqrt

from prometheus.significance import Significance

WINDOW = 10.0  # seconds, as the rules look back


class SignificanceWatch:
    """The responses of the last ten seconds, and when each level was first passed beyond chance.

    The formula is written anew here: a mistake in the rules must not hide itself.
    """

    def __init__(self, judge: Significance) -> None:
        self._judge = judge
        self._responses: deque[tuple[float, bool]] = deque()
        self._bad = 0
        self._levels: tuple[float, ...] = ()
        self._passed: dict[float, float] = {}
        self.first: float | None = None  # moment of the first bad response since `begin`

    def begin(self, *levels: float) -> None:
        """Take note from now on of when each of these levels is passed."""
        self.first, self._passed, self._levels = None, {}, levels

    def passed(self, level: float) -> float | None:
        """When this level was passed; None if it was not."""
        return self._passed.get(level)

    def note(self, now: float, bad: bool) -> None:
        """One response that came now."""
        self._responses.append((now, bad))
        self._bad += bad
        while self._responses[0][0] < now - WINDOW:
            self._bad -= self._responses.popleft()[1]
        if not bad:
            return
        self.first = now if self.first is None else self.first
        proven = self.proven_share()
        for level in self._levels:
            if proven > level:
                self._passed.setdefault(level, now)

    def proven_share(self) -> float:
        """The share of bad responses that is exceeded for certain; 0 while fewer are bad than count."""
        bad, every, z = self._bad, len(self._responses), self._judge.z
        if bad < self._judge.failures:
            return 0.0
        share = bad / every
        middle, spread = (
            share + z * z / (2 * every),
            z * sqrt((share * (1 - share) + z * z / (4 * every)) / every),
        )
        return (middle - spread) / (1 + z * z / every)
