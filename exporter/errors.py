"""The ways in which a source can fail to answer, each a sentence that is safe to log."""


class SourceError(Exception):
    """A source gave no usable answer; the text names the source and holds neither payload nor secret."""


class RequestFailed(SourceError):
    """The source said no at once: connection refused, or an HTTP status that is not 200."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class SourceUnreachable(RequestFailed):
    """Nobody is there: the connection was refused, which says nothing about what was asked for."""


class LocalNetworkError(SourceUnreachable):
    """Nobody was reached, for a reason that may be ours: no word of the resolver, no socket, no network."""


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
