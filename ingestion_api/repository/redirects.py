"""Where a repository really is: redirects followed by us, each step checked, each connection pinned."""

import ssl
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from socket import create_connection, socket
from urllib.parse import urljoin

from ingestion_api.repository.addresses import check_addresses
from ingestion_api.repository.errors import RepositoryNotCloned, RepositoryUnreachable, RepositoryUrlRefused
from ingestion_api.repository.rules import UrlRules
from ingestion_api.repository.urls import RepositoryUrl, check_url

MOST_REDIRECTS = 5
MOST_ADDRESSES = 4  # of one host; each may cost the whole of the time to connect
_ASK = "/info/refs?service=git-upload-pack"
_ADVERTISEMENT = "application/x-git-upload-pack-advertisement"


@dataclass(frozen=True)
class Location:
    """A repository's URL with the checked addresses that are the only ones to connect to."""

    url: RepositoryUrl
    addresses: tuple[str, ...]


def locate(url: RepositoryUrl, rules: UrlRules) -> Location:
    """Return where a URL ends after its redirects.

    Raises RepositoryUrlRefused when a step breaks the rules, RepositoryNotCloned when no repository is
    there, RepositoryUnreachable when the host does not answer properly.
    """
    for _ in range(MOST_REDIRECTS + 1):
        location = Location(url, tuple(check_addresses(url, rules)[:MOST_ADDRESSES]))
        moved_to = _ask(location, rules)
        if moved_to is None:
            return location
        url = _next_url(url, moved_to, rules)
    raise RepositoryNotCloned(f"{url.host} redirects more than {MOST_REDIRECTS} times")


def _next_url(url: RepositoryUrl, moved_to: str, rules: UrlRules) -> RepositoryUrl:
    target = urljoin(f"{url}{_ASK}", moved_to)
    if not target.endswith(_ASK):
        raise RepositoryNotCloned(f"{url.host} redirects to a page that is no repository")
    try:
        return check_url(target.removesuffix(_ASK), rules)
    except RepositoryUrlRefused as refused:
        raise RepositoryUrlRefused(f"{url.host} redirects to a URL that is refused: {refused}") from None


def _ask(location: Location, rules: UrlRules) -> str | None:
    """Ask the repository for its references; return the redirect's target if there is one."""
    connection = _connect(location, rules)
    try:
        connection.request(
            "GET", location.url.path + _ASK, headers={"User-Agent": "git/watchroom", "Accept": "*/*"}
        )
        with connection.getresponse() as response:
            return _judge(location.url, response)
    except (OSError, HTTPException) as error:
        raise RepositoryUnreachable(f"{location.url.host} did not answer: {type(error).__name__}") from error
    finally:
        connection.close()


def _judge(url: RepositoryUrl, response: HTTPResponse) -> str | None:
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
    return None


def _connect(location: Location, rules: UrlRules) -> HTTPConnection:
    url = location.url
    connection = HTTPConnection(url.host, url.port, timeout=rules.connect_seconds)
    connection.sock = _socket(location, rules)
    return connection


def _socket(location: Location, rules: UrlRules) -> socket:
    """Return an open connection to the first checked address that takes one."""
    url, failure = location.url, OSError("it has no address")
    for address in location.addresses:
        try:
            plain = create_connection((address, url.port), rules.connect_seconds)
            return plain if url.scheme == "http" else _secured(plain, url, rules)
        except OSError as error:
            failure = error
    raise RepositoryUnreachable(f"{url.host} was not reached: {failure.strerror or failure}") from failure


def _secured(plain: socket, url: RepositoryUrl, rules: UrlRules) -> socket:
    try:
        context = ssl.create_default_context(cafile=rules.ca_file)
        return context.wrap_socket(plain, server_hostname=url.host)
    except OSError:
        plain.close()
        raise
