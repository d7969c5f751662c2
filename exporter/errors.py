"""The ways in which a source can fail to answer, each a sentence that is safe to log."""

import logging
import time
from collections.abc import Callable


class SourceError(Exception):
    """A source gave no usable answer; the text names the source and holds neither payload nor secret."""


class RequestFailed(SourceError):
    """The source refused at once: connection refused, or an HTTP status other than 200."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class SourceUnreachable(RequestFailed):
    """The connection was refused. This tells nothing about the request itself."""


class LocalNetworkError(SourceUnreachable):
    """No connection, for a reason that may be ours: no name resolution, no socket, no network."""


class SourceMisconfigured(RequestFailed):
    """Our way to the source is wrong: URL, TLS, certificate, password. This says nothing about the source."""


class SourceTimeout(SourceError):
    """The source did not answer in time; it may be wedged, so it is not asked again for a while."""


class ScrapeDeadlineExceeded(SourceError):
    """The scrape is over before the source has answered or failed to; this says nothing about the source."""


class InvalidResponse(SourceError):
    """The source answered with something else than was expected."""


class ResponseTooLarge(InvalidResponse):
    """The source answered with more bytes than are read."""


class NotConfigured(SourceError):
    """No such source is configured, so there is nothing to say; this is not a failure."""


class RouteNotFound(NotConfigured):
    """The source has no such route, or what is behind it is not configured; this is not a failure."""


class PollDeferred(SourceError):
    """The source was not asked, since it must be left alone just now; this says nothing about it.

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
