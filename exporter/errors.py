"""The errors of sources, and a log of them; each text is one sentence that is safe to log."""

import logging
import time
from collections.abc import Callable


class SourceError(Exception):
    """A source gave no usable result; the text names the source and holds neither payload nor secret."""


class RequestFailed(SourceError):
    """The source refused the request: connection refused, or an HTTP status that is not 200."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class SourceUnreachable(RequestFailed):
    """The connection was refused."""


class LocalNetworkError(SourceUnreachable):
    """The source was not reached for a reason that may be local: name resolution, sockets, network."""


class SourceMisconfigured(RequestFailed):
    """Our URL, TLS options, certificate or password are wrong. This says nothing about the source."""


class SourceTimeout(SourceError):
    """The source did not respond in time; it may hang, so the exporter backs off."""


class ScrapeDeadlineExceeded(SourceError):
    """The scrape ended before the source responded or failed. This says nothing about the source."""


class InvalidResponse(SourceError):
    """The response is not what was expected."""


class ResponseTooLarge(InvalidResponse):
    """The response has more bytes than are read."""


class NotConfigured(SourceError):
    """No such source is configured; this is not a failure."""


class RouteNotFound(NotConfigured):
    """The source has no such route, or it is not configured there; this is not a failure."""


class PollDeferred(SourceError):
    """The source was not polled, since it must be left alone now. This says nothing about it.

    `retry_in` is in seconds.
    """

    def __init__(self, message: str, retry_in: float = 0.25) -> None:
        super().__init__(message)
        self.retry_in = retry_in


log = logging.getLogger("exporter")


def configure_logging(level: str) -> None:
    """Log to standard error at this level, one line a message."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("httpx2", "httpcore2", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class FailureLog:
    """Logs failures with their reason, and recoveries; the same reason at most once a period.

    What fails and recovers many times a minute is logged once, not every time.
    """

    def __init__(self, period: float = 300.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._period = period
        self._clock = clock
        self._logged_at: dict[tuple[str, str], float] = {}
        self._open: set[str] = set()

    def log_failure(self, subject: str, reason: str) -> None:
        """Log the reason, unless the same was logged within the period."""
        # ages and counts in a reason do not make it a new one
        key = (subject, "".join(c for c in reason if not c.isdigit()))
        now = self._clock()
        if now - self._logged_at.get(key, float("-inf")) < self._period:
            return
        self._logged_at = {k: at for k, at in self._logged_at.items() if now - at < self._period} | {key: now}
        self._open.add(subject)
        log.warning("%s fails: %s", subject, reason)

    def log_recovery(self, subject: str) -> None:
        """Log the recovery once, where the failure was logged."""
        if subject in self._open:
            self._open.discard(subject)
            log.info("%s works again", subject)
