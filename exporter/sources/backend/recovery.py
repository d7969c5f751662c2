"""When a server that the backend needs has just come back."""

import time
from collections.abc import Callable
from math import inf

RECOVERY_SECONDS = 10.0  # for which requests end that waited during an outage
# for which such requests stand in the ten seconds that rules judge: as long, and the delay of a scrape
JUDGED_SECONDS = 12.0
MIN_ABSENCE = 2.0  # seconds without a response that are an outage
# seconds after a return at which the requests are read, however rarely they are read otherwise: once the late
# ones have ended, so that no later reading counts them, and once more, so that what fires of them ends
READINGS = (RECOVERY_SECONDS - 1, 2 * RECOVERY_SECONDS + 1)

READINGS_GAP = 60.0  # seconds between two such pairs of readings, which no budget holds back


class RecoveryTracker:
    """Tracks outages of servers, and when the last one ended.

    Requests that waited for a server end late and badly after its return: they prove nothing.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._known_at: dict[str, float] = {}
        self._away: dict[str, float] = {}
        self._back_at = -inf  # after an outage
        self._up_again_at: dict[str, float] = {}  # servers that are up, by whatever absence they had
        self._read_after = -inf  # the return after which the requests are read

    def record(self, server: str, is_up: bool | None) -> None:
        """Record whether a server responds; None, for unknown, changes nothing."""
        if is_up is None:
            return
        now = self._clock()
        known_at, self._known_at[server] = self._known_at.get(server, now), now
        if not is_up:
            self._up_again_at.pop(server, None)
        elif server in self._away and now - known_at < JUDGED_SECONDS:
            self._up_again_at[server] = now
        if self._has_returned(server, is_up):
            self._back_at = now
            if self._back_at - self._read_after >= READINGS_GAP:
                self._read_after = self._back_at

    def record_stall(self, is_stalled: bool) -> None:
        """Record whether the backend makes requests wait, perhaps for one of ours: that needs no reading."""
        if self._has_returned("stall", not is_stalled):
            self._back_at = self._clock()

    def _has_returned(self, server: str, is_up: bool) -> bool:
        now = self._clock()
        if not is_up:
            self._away.setdefault(server, now)
        return is_up and now - self._away.pop(server, now) >= MIN_ABSENCE

    def is_under_way(self) -> bool:
        """Whether a server returned within the last seconds."""
        return self._clock() - self._back_at < RECOVERY_SECONDS

    def has_just_returned(self) -> bool:
        """Whether a server returned, from however short an absence, so lately that no rule may judge yet.

        At the start that is not known: an exporter that was restarted may have seen an outage before.
        """
        now = self._clock()
        return now - self._began < JUDGED_SECONDS or any(
            now - at < JUDGED_SECONDS for at in self._up_again_at.values()
        )

    def is_reading_due(self, seconds_since_reading: float) -> bool:
        """Whether the requests are to be read now, the last time having been so long ago."""
        since = self._clock() - self._read_after
        return any(since >= due and seconds_since_reading > since - due for due in READINGS)
