"""One line a message; a reason that repeats is said once in a while, not at every scrape."""

import logging
import time
from collections.abc import Callable

log = logging.getLogger("exporter")


def set_up(level: str) -> None:
    """Log to standard error at this level, one line a message."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("httpx2", "httpcore2", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class Complaints:
    """Says that something fails, why, and when it is well again; the same reason at most once a period."""

    def __init__(self, period: float = 300.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._period = period
        self._clock = clock
        self._said: dict[str, tuple[str, float]] = {}

    def complain(self, subject: str, reason: str) -> None:
        """Log the reason unless the same was logged a short while ago."""
        before, at = self._said.get(subject, ("", float("-inf")))
        kind = reason.rstrip("0123456789. s")  # ages and counts in a reason do not make it a new one
        if kind == before and self._clock() - at < self._period:
            return
        self._said[subject] = (kind, self._clock())
        log.warning("%s fails: %s", subject, reason)

    def heal(self, subject: str) -> None:
        """Log once that the subject works again."""
        if self._said.pop(subject, None) is not None:
            log.info("%s works again", subject)
