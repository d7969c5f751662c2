"""Repository URLs: the operator's rules, and URLs parsed, checked and normalized."""

import ipaddress
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from ingestion_api.repository.errors import RepositoryUrlRefused
from ingestion_api.settings import Settings

Resolver = Callable[[str, int], list[str]]
MAX_LENGTH = 2048
DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_MERGED_SLASHES = re.compile(r"(https?):/(?=[^/])", re.IGNORECASE)
_BARE_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+/", re.IGNORECASE)
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
_NUMERIC_HOST = re.compile(r"(.*\.)?(0x[0-9a-f]*|[0-9]+)")
_PATH = re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})+")


def resolve_host(host: str, port: int) -> list[str]:
    """Return the addresses that the system's resolver knows for a host, without repeats."""
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in infos))


@dataclass(frozen=True)
class UrlRules:
    """Which repository URLs are allowed.

    `schemes` are open to every public host. `trusted_hosts` ("127.0.0.1:8095", or a host alone for all of
    its ports) may also use http and resolve to any address. `ca_file` is a private certificate authority.
    """

    schemes: frozenset[str] = frozenset({"https"})
    trusted_hosts: frozenset[str] = frozenset()
    ca_file: Path | None = None
    resolve: Resolver = field(default=resolve_host, compare=False)
    connect_seconds: float = 10.0

    @classmethod
    def at(cls, settings: Settings) -> "UrlRules":
        """Which repositories these settings let be ingested."""
        return cls(
            schemes=frozenset(settings.repository_schemes),
            trusted_hosts=frozenset(settings.trusted_hosts),
            ca_file=settings.repository_ca_file,
        )


@dataclass(frozen=True)
class RepositoryUrl:
    """A checked and normalized URL of a repository; `host` has no brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """Scheme, host and, where it is not the scheme's own, port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        is_default = DEFAULT_PORTS.get(self.scheme) == self.port
        return f"{self.scheme}://{host}" if is_default else f"{self.scheme}://{host}:{self.port}"

    @property
    def identity(self) -> str:
        """The same text for all URLs of one repository."""
        return self.origin + self.path.rstrip("/").removesuffix(".git")

    def __str__(self) -> str:
        return self.origin + self.path


def check_url(url: str, rules: UrlRules) -> RepositoryUrl:
    """Return the normalized URL; raise RepositoryUrlRefused with the reason.

    "github.com/owner/name" is read as https. Host names are not resolved here: `check_addresses` does
    that, and `clone` does it again for the address that it connects to.
    """
    _check_characters(url)
    parts = _split(_with_scheme(url))
    checked = RepositoryUrl(parts.scheme, _host(parts), _port(parts), _path(parts))
    if checked.scheme not in rules.schemes and not is_trusted(checked, rules):
        allowed = ", ".join(sorted(rules.schemes))
        raise RepositoryUrlRefused(f"the URL's scheme is {checked.scheme!r}; expected one of: {allowed}")
    return checked


def is_trusted(url: RepositoryUrl, rules: UrlRules) -> bool:
    """Tell whether the operator's allow-list names the URL's host, with its port or alone."""
    return not rules.trusted_hosts.isdisjoint(
        {url.host, f"{url.host}:{url.port}", f"[{url.host}]:{url.port}"}
    )


def _check_characters(url: str) -> None:
    if len(url) > MAX_LENGTH:
        raise RepositoryUrlRefused(f"the URL has {len(url)} characters; expected {MAX_LENGTH} at most")
    if url.startswith("-"):
        raise RepositoryUrlRefused("the URL starts with a dash, which git would read as an option")
    if any(ord(character) < 33 or ord(character) == 127 for character in url):
        raise RepositoryUrlRefused("the URL has spaces or control characters in it")
    if not url.isascii():
        raise RepositoryUrlRefused(
            "the URL has characters beyond ASCII; write the host as xn--... and escape the path"
        )
    if "\\" in url:
        raise RepositoryUrlRefused("the URL has a backslash in it; expected forward slashes")


def _with_scheme(url: str) -> str:
    # proxies merge "//" inside a path, so "https:/host/..." arrives from routes that carry a URL
    url = _MERGED_SLASHES.sub(r"\1://", url, count=1)
    if _BARE_HOST.match(url):
        return f"https://{url}"
    scheme = _SCHEME.match(url)
    if scheme and scheme[1].lower() not in DEFAULT_PORTS:
        raise RepositoryUrlRefused(f"the URL's scheme is {scheme[1].lower()!r}; expected https")
    if not scheme or not url[scheme.end() :].startswith("//"):
        raise RepositoryUrlRefused("this is no repository URL; expected https://host/path")
    return url


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise RepositoryUrlRefused(
            "the URL's host or port cannot be read; expected https://host/path"
        ) from None
    if "@" in parts.netloc:
        raise RepositoryUrlRefused("the URL has credentials in it; expected https://host/path without a user")
    if "?" in url or "#" in url:
        raise RepositoryUrlRefused("the URL has a query or a fragment; expected https://host/path only")
    return parts


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").removesuffix(".")
    if ":" in host:
        return _ipv6(host)
    if len(host) > 253 or not _HOST.fullmatch(host):
        raise RepositoryUrlRefused(
            "the URL's host is no host name; expected letters, digits, dots and dashes"
        )
    # "127.1", "0x7f000001" and "2130706433" reach 127.0.0.1 on most systems: one spelling only
    if _NUMERIC_HOST.fullmatch(host) and not _is_ipv4(host):
        raise RepositoryUrlRefused(
            f"the URL's host {host!r} is a number; expected a name or a dotted address"
        )
    return host


def _ipv6(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        raise RepositoryUrlRefused("the URL's host is no IPv6 address; expected [address]") from None
    if address.scope_id:
        raise RepositoryUrlRefused("the URL's host is an IPv6 address with a zone; expected one without")
    return str(address)


def _is_ipv4(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _port(parts: SplitResult) -> int:
    port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    if port == 0:
        raise RepositoryUrlRefused("the URL's port is 0; expected 1 to 65535")
    return port


def _path(parts: SplitResult) -> str:
    if not _PATH.fullmatch(parts.path) or not parts.path.strip("/"):
        raise RepositoryUrlRefused("the URL's path names no repository; expected https://host/owner/name")
    plain = unquote(parts.path, errors="replace")
    if not plain.isprintable():
        raise RepositoryUrlRefused("the URL's path has an escaped control character in it")
    if {".", ".."} & set(plain.replace("\\", "/").split("/")):
        raise RepositoryUrlRefused("the URL's path has a '.' or '..' step in it")
    return "/" + parts.path.strip("/")
