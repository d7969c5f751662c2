"""Find where a repository is: redirects are followed by us, each step checked, each connection pinned."""

import re
from dataclasses import dataclass, field
from enum import Enum
from http.client import HTTPConnection, HTTPException, HTTPResponse
from threading import Thread
from typing import IO
from urllib.parse import urljoin

from ingestion_api.repository.addresses import PinnedConnection, check_addresses
from ingestion_api.repository.errors import RepositoryNotCloned, RepositoryUnreachable, RepositoryUrlRefused
from ingestion_api.repository.limits import CHECK_INTERVAL, CloneMonitor
from ingestion_api.repository.urls import RepositoryUrl, UrlRules, check_url

_LINE = re.compile(rb"([0-9a-f]{40}|[0-9a-f]{64}) ([^\0\n]+)")
_LENGTH = re.compile(rb"[0-9a-fA-F]{4}")
_FLUSH = b"0000"
_NO_REFERENCE = b"capabilities^{}"
MAX_REDIRECTS = 5
MAX_ADDRESSES = 4  # of one host; each may take the whole connect timeout
_REFS_PATH = "/info/refs?service=git-upload-pack"
_ADVERTISEMENT = "application/x-git-upload-pack-advertisement"


class HeadState(Enum):
    """What HEAD names; `UNKNOWN` where the host uses another protocol version, and git must find out."""

    COMMIT = "commit"
    MISSING = "missing"
    EMPTY = "empty"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Head:
    """What HEAD names, and how long the repository's object ids are, in hexadecimal digits."""

    state: HeadState = HeadState.UNKNOWN
    digits: int = 40


def read_head(response: IO[bytes]) -> Head:
    """Read no further than the first reference."""
    line = _read_packet(response)
    if line is not None and line.startswith(b"# service="):
        # a flush packet ends the service announcement
        _read_packet(response)
        line = _read_packet(response)
    if line == b"":
        return Head(HeadState.EMPTY)
    match = _LINE.match(line) if line is not None else None
    if match is None:
        return Head()
    digits = len(match[1])
    if match[2] == b"HEAD":
        return Head(HeadState.COMMIT, digits)
    return Head(HeadState.EMPTY if match[2] == _NO_REFERENCE else HeadState.MISSING, digits)


def _read_packet(response: IO[bytes]) -> bytes | None:
    """The next pkt-line; empty for a flush packet, None where it is incomplete."""
    start = response.read(4)
    if start == _FLUSH:
        return b""
    if not _LENGTH.fullmatch(start):
        return None
    length = max(0, int(start, 16) - 4)
    line = response.read(length)
    return line if line and len(line) == length else None


@dataclass(frozen=True)
class Location:
    """A repository's URL, the checked addresses that are the only ones to connect to, and what HEAD names."""

    url: RepositoryUrl
    addresses: tuple[str, ...]
    head: Head = field(default_factory=Head)


def locate(url: RepositoryUrl, rules: UrlRules, connection: PinnedConnection) -> Location:
    """Return where a URL leads after its redirects; another thread may close the connection to stop it.

    Raises RepositoryUrlRefused when a step breaks the rules, RepositoryNotCloned when no repository is
    there, RepositoryUnreachable when the host does not respond properly.
    """
    for _ in range(MAX_REDIRECTS + 1):
        location = Location(url, tuple(check_addresses(url, rules)[:MAX_ADDRESSES]))
        found = _request_head(location, rules, connection)
        if isinstance(found, Head):
            return Location(url, location.addresses, found)
        url = _next_url(url, found, rules)
    raise RepositoryNotCloned(f"{url.host} redirects more than {MAX_REDIRECTS} times")


def _next_url(url: RepositoryUrl, moved_to: str, rules: UrlRules) -> RepositoryUrl:
    try:
        target = urljoin(f"{url}{_REFS_PATH}", moved_to)
    except ValueError:
        raise RepositoryNotCloned(f"{url.host} redirects to an address that cannot be read") from None
    if not target.endswith(_REFS_PATH):
        raise RepositoryNotCloned(f"{url.host} redirects to a page that is no repository")
    try:
        return check_url(target.removesuffix(_REFS_PATH), rules)
    except RepositoryUrlRefused as refused:
        raise RepositoryUrlRefused(f"{url.host} redirects to a URL that is refused: {refused}") from None


def _request_head(location: Location, rules: UrlRules, pinned: PinnedConnection) -> Head | str:
    """Request the repository's references; return its HEAD, or the redirect's target."""
    url = location.url
    connection = HTTPConnection(url.host, url.port, timeout=rules.connect_seconds)
    try:
        connection.sock = pinned.open(url, location.addresses, rules)
        connection.request(
            "GET", url.path + _REFS_PATH, headers={"User-Agent": "git/watchroom", "Accept": "*/*"}
        )
        with connection.getresponse() as response:
            return _read_response(url, response)
    except (OSError, HTTPException, ValueError) as error:
        # http.client raises ValueError for some invalid responses
        raise RepositoryUnreachable(f"{url.host} did not answer: {type(error).__name__}") from error
    finally:
        connection.close()


def _read_response(url: RepositoryUrl, response: HTTPResponse) -> Head | str:
    if response.status in {301, 302, 303, 307, 308}:
        return response.getheader("Location") or ""
    if response.status in {401, 403}:
        raise RepositoryNotCloned(f"{url} wants credentials; expected a public repository")
    if response.status in {404, 410}:
        raise RepositoryNotCloned(f"{url} was not found")
    if response.status != 200:
        raise RepositoryUnreachable(f"{url.host} answered with status {response.status}; expected 200")
    if response.getheader("Content-Type", "").partition(";")[0].strip() != _ADVERTISEMENT:
        raise RepositoryNotCloned(f"{url} does not speak git's smart HTTP protocol")
    return read_head(response)


class LookupThread(Thread):
    """One look-up in a thread, so that no resolver and no host can exceed the time limit."""

    def __init__(self, url: RepositoryUrl, rules: UrlRules) -> None:
        super().__init__(name="repository-lookup", daemon=True)
        self._url = url
        self._rules = rules
        self._connection = PinnedConnection()
        self._location: Location | None = None
        self._error: Exception | None = None

    def run(self) -> None:
        """Look it up; `result` raises the error."""
        try:
            self._location = locate(self._url, self._rules, self._connection)
        except Exception as error:  # noqa: BLE001 - raised again by result()
            self._error = error

    def stop(self) -> None:
        """Close the connection."""
        self._connection.close()

    def result(self) -> Location:
        """Return what was found, or raise why nothing was."""
        if self._error is not None:
            raise self._error
        if self._location is None:
            raise RepositoryUnreachable(f"{self._url.host} was not looked up")
        return self._location


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
