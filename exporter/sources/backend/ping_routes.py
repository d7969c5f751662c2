"""The route by which the backend is pinged: the quickest of those that cost it next to nothing."""

import logging
from collections.abc import Mapping

log = logging.getLogger("exporter")
# static in every FastAPI application; where they are switched off, a 404 touches as little
PING_CANDIDATES = ("/docs", "/api/monitoring/health/module/ping")
QUICK_PING = 0.2  # seconds within which the first candidate must respond to be taken at once
SILENCES_BEFORE_SWITCH = (
    3  # times in a row that the chosen route is silent and another is not, until that one is taken
)


class PingRoutes:
    """Chooses by trying; `route` is that of the settings, which is taken first if there is one."""

    def __init__(self, route: str | None) -> None:
        self._tried: tuple[str, ...] = (route,) if route else PING_CANDIDATES
        self._chosen: str | None = None
        self._alone = 0

    def in_turn(self, silences: int) -> tuple[str, ...]:
        """The routes to ping after so many silences: the chosen one first, then another, and so on."""
        known = self._tried
        if self._chosen is not None:
            known = (self._chosen, *(route for route in PING_CANDIDATES if route != self._chosen))
        first = silences % len(known)
        return known[first:] + known[:first]

    def will_do(self, took: float) -> bool:
        """Whether no further route need be tried after one that took these seconds."""
        return self._chosen is not None or took <= QUICK_PING

    def choose(self, took: Mapping[str, float]) -> None:
        """Take the quickest of these, if there was none or the chosen one alone is silent again and again."""
        route = min(took, key=lambda it: took[it])
        self._alone = 0 if route == self._chosen else self._alone + 1
        if self._chosen is None or self._alone >= SILENCES_BEFORE_SWITCH:
            self._chosen, self._alone = route, 0
            log.info("backend is pinged by GET %s, which took %.0f ms", route, 1000 * took[route])
