"""One line a message; a reason that repeats is said once in a while, not at every scrape."""

import logging
import time
from collections.abc import Callable

log = logging.getLogger("exporter")


def configure_logging(level: str) -> None:
    """Log to standard error at this level, one line a message."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("httpx2", "httpcore2", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class FailureLog:
    """Says that something fails, why, and when it is well again; the same reason at most once a period.

    What fails and heals many times a minute is said once, not at every turn.
    """

    def __init__(self, period: float = 300.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._period = period
        self._clock = clock
        self._said: dict[tuple[str, str], float] = {}
        self._open: set[str] = set()

    def log_failure(self, subject: str, reason: str) -> None:
        """Log the reason unless the same was logged a short while ago."""
        # ages and counts in a reason do not make it a new one
        key = (subject, "".join(c for c in reason if not c.isdigit()))
        now = self._clock()
        if now - self._said.get(key, float("-inf")) < self._period:
            return
        self._said = {k: at for k, at in self._said.items() if now - at < self._period} | {key: now}
        self._open.add(subject)
        log.warning("%s fails: %s", subject, reason)

    def log_recovery(self, subject: str) -> None:
        """Log once that the subject works again, where its failure was logged."""
        if subject in self._open:
            self._open.discard(subject)
            log.info("%s works again", subject)
