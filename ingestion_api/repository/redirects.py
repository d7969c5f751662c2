"""Where a repository really is: redirects followed by us, each step checked, each connection pinned."""

from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import urljoin

from ingestion_api.repository.addresses import check_addresses
from ingestion_api.repository.advertisement import Head, read_head
from ingestion_api.repository.connection import PinnedConnection
from ingestion_api.repository.errors import RepositoryNotCloned, RepositoryUnreachable, RepositoryUrlRefused
from ingestion_api.repository.rules import UrlRules
from ingestion_api.repository.urls import RepositoryUrl, check_url

MAX_REDIRECTS = 5
MAX_ADDRESSES = 4  # of one host; each may cost the whole of the time to connect
_REFS_PATH = "/info/refs?service=git-upload-pack"
_ADVERTISEMENT = "application/x-git-upload-pack-advertisement"


@dataclass(frozen=True)
class Location:
    """A repository's URL, the checked addresses that are the only ones to connect to, and what HEAD names."""

    url: RepositoryUrl
    addresses: tuple[str, ...]
    head: Head = field(default_factory=Head)


def locate(url: RepositoryUrl, rules: UrlRules, line: PinnedConnection) -> Location:
    """Return where a URL ends after its redirects; another thread may close the line to stop it.

    Raises RepositoryUrlRefused when a step breaks the rules, RepositoryNotCloned when no repository is
    there, RepositoryUnreachable when the host does not answer properly.
    """
    for _ in range(MAX_REDIRECTS + 1):
        location = Location(url, tuple(check_addresses(url, rules)[:MAX_ADDRESSES]))
        found = _request_head(location, rules, line)
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


def _request_head(location: Location, rules: UrlRules, line: PinnedConnection) -> Head | str:
    """Ask the repository what its HEAD is; return the redirect's target if there is one."""
    url = location.url
    connection = HTTPConnection(url.host, url.port, timeout=rules.connect_seconds)
    try:
        connection.sock = line.open(url, location.addresses, rules)
        connection.request(
            "GET", url.path + _REFS_PATH, headers={"User-Agent": "git/watchroom", "Accept": "*/*"}
        )
        with connection.getresponse() as response:
            return _read_response(url, response)
    except (OSError, HTTPException, ValueError) as error:
        # http.client lets a ValueError through for some of what no server should send
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
