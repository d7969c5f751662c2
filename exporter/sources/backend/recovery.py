"""Whether a server has just come back: what waited for it ends late and badly, and says nothing of now."""

import time
from collections.abc import Callable
from math import inf

RECOVERY_SECONDS = 10.0  # for as long as such requests end
MIN_ABSENCE = 2.0  # seconds of absence that are more than a busy moment


class RecoveryTracker:
    """Remembers who was away, and when the last of them came back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._away: dict[str, float] = {}
        self._back_at = -inf

    def note(self, server: str, works: bool | None) -> None:
        """Take in whether a server works; None, where nobody knows, is no news."""
        now = self._clock()
        if works is False:
            self._away.setdefault(server, now)
        elif works and now - self._away.pop(server, now) >= MIN_ABSENCE:
            self._back_at = now

    def is_under_way(self) -> bool:
        """Whether a server came back within the last seconds."""
        return self._clock() - self._back_at < RECOVERY_SECONDS
