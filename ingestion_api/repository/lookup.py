"""A repository is looked up in a thread, so that no resolver and no host takes longer than the limit."""

from threading import Thread

from ingestion_api.repository.connection import PinnedConnection
from ingestion_api.repository.errors import RepositoryUnreachable
from ingestion_api.repository.monitor import CHECK_INTERVAL, CloneMonitor
from ingestion_api.repository.redirects import Location, locate
from ingestion_api.repository.rules import UrlRules
from ingestion_api.repository.urls import RepositoryUrl


class LookupThread(Thread):
    """One look-up; it ends soon after it is stopped, since its connection is closed."""

    def __init__(self, url: RepositoryUrl, rules: UrlRules) -> None:
        super().__init__(name="repository-lookup", daemon=True)
        self._url = url
        self._rules = rules
        self._line = PinnedConnection()
        self._found: Location | None = None
        self._error: Exception | None = None

    def run(self) -> None:
        """Look it up; the error is kept for whoever waits."""
        try:
            self._found = locate(self._url, self._rules, self._line)
        except Exception as error:  # noqa: BLE001 - raised again by result()
            self._error = error

    def stop(self) -> None:
        """Close the connection."""
        self._line.close()

    def result(self) -> Location:
        """Return what was found, or raise why nothing was."""
        if self._error is not None:
            raise self._error
        if self._found is None:
            raise RepositoryUnreachable(f"{self._url.host} was not looked up")
        return self._found


def look_up(url: RepositoryUrl, rules: UrlRules, monitor: CloneMonitor) -> Location:
    """Return where the repository is; raises what `locate` and the monitor raise."""
    lookup = LookupThread(url, rules)
    lookup.start()
    try:
        while lookup.is_alive():
            lookup.join(CHECK_INTERVAL)
            monitor.check_time()
    finally:
        lookup.stop()
    return lookup.result()
