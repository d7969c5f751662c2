"""One parser of Redis URLs, in the dialects of redis-py, kombu and Celery.

Both libraries get the parsed parts, never the URL itself: they disagree on options, sockets, lists of servers
and invalid parts.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from connections.redis_tls import TLS_OPTIONS, TlsOptions

SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+._-]*(?=://)")
SOCKETS = ("unix", "redis+socket")
SCHEMES = ("redis", "rediss", *SOCKETS, "sentinel")
PORTS = {"sentinel": 26379}
EXPECTED_URL = (
    "expected redis://HOST:PORT/NUMBER, rediss://HOST:PORT/NUMBER, redis+socket://PATH?virtual_host=NUMBER, "
    "unix://PATH?db=NUMBER or sentinel://HOST:PORT/NUMBER?master_name=NAME"
)
DATABASE_OPTIONS = ("db", "virtual_host")
SENTINEL_OPTIONS = ("master_name", "sentinel_username", "sentinel_password")
# redis-py's tuning of a connection: our programs have their own time-outs and retries, so it is ignored
TUNING_OPTIONS = (
    "socket_timeout", "socket_connect_timeout", "socket_keepalive", "socket_read_size", "retry_on_timeout",
    "max_connections", "health_check_interval", "timeout", "protocol", "client_name", "encoding",
    "encoding_errors", "decode_responses",
)  # fmt: skip
Server = tuple[str, int]


@dataclass(frozen=True)
class SentinelGroup:
    """The name by which Sentinels know the server, and the login to them."""

    master_name: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class RedisUrl:
    """Address and login of a Redis server: servers to try in order, a socket's path, or Sentinels."""

    servers: tuple[Server, ...] = ()
    path: str = ""
    database: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: TlsOptions | None = None
    sentinel: SentinelGroup | None = None

    @property
    def address(self) -> str:
        """The address without user and password: equal for the same server."""
        if self.path:
            return self.path
        servers = ",".join(f"{host}:{port}" for host, port in self.servers)
        return f"{self.sentinel.master_name}@{servers}" if self.sentinel else servers

    @property
    def shown(self) -> str:
        """The address as a URL that is safe to show."""
        if self.path:
            return f"unix://{self.path} database {self.database}"
        scheme = "sentinel" if self.sentinel else "rediss" if self.tls else "redis"
        return f"{scheme}://{self.address}/{self.database}"


def scheme_of(url: str) -> str:
    """The scheme of the URL in lower case, empty where it has none."""
    found = SCHEME.match(url)
    return found[0].lower() if found else ""


def is_redis(url: str) -> bool:
    """Whether the URL is meant for a Redis server, right or wrong."""
    return scheme_of(url) in SCHEMES


def parse_redis_url(url: str, master_name: str | None = None) -> RedisUrl:
    """Read a URL, or several with `;` between them; `master_name` counts where the URL has none.

    Raises ValueError, whose text follows the setting's name and holds neither URL nor password.
    """
    read = [_read(part) for part in url.split(";")]
    first = read[0]
    if first.sentinel is not None or any(it.sentinel for it in read):
        return _sentinels(read, master_name)
    if any(replace(it, servers=first.servers) != first for it in read) or (first.path and len(read) > 1):
        raise ValueError(
            "names several servers that differ in more than host and port; expected the same scheme, user, "
            "password, database and options for each"
        )
    return replace(first, servers=tuple(server for it in read for server in it.servers))


def _sentinels(read: Sequence[RedisUrl], master_name: str | None) -> RedisUrl:
    if any(it.sentinel is None for it in read):
        raise ValueError("mixes sentinel:// with other schemes; expected sentinel:// for each server")
    groups = [it.sentinel or SentinelGroup("") for it in read]
    names = {group.master_name for group in groups} - {""}
    if len(names) > 1:
        raise ValueError("names Sentinels with different master_names; expected one")
    name = next(iter(names), master_name)
    if not name:
        raise ValueError(
            "names Sentinels and no master_name; expected sentinel://HOST:PORT/NUMBER?master_name=NAME"
        )
    bare = [
        replace(it, servers=(), sentinel=replace(group, master_name=name))
        for it, group in zip(read, groups, strict=True)
    ]
    # Celery reads user, password, database and options of the first alone, so the others may leave them out
    first, plain = bare[0], RedisUrl(sentinel=SentinelGroup(name))
    if any(it not in (first, plain) for it in bare):
        raise ValueError("names Sentinels that differ in more than host and port; expected the same for each")
    return replace(first, servers=tuple(server for it in read for server in it.servers))


def _read(url: str) -> RedisUrl:
    scheme = scheme_of(url)
    if scheme not in SCHEMES:
        raise ValueError(f"is a hidden value that is no Redis URL; {EXPECTED_URL}")
    # the part after the scheme follows the same rules whatever the scheme is
    try:
        parts = urlsplit(f"http://{url[len(scheme) + 3 :]}")
    except ValueError:
        raise ValueError(f"is a hidden value that is no Redis URL; {EXPECTED_URL}") from None
    if parts.fragment or not url.isprintable() or " " in url:
        raise ValueError("is a hidden value with a '#' or a space; expected %23 and %20 in a password")
    options = _options(parts, scheme)
    tls = TlsOptions.read({name: options[name] for name in options if name in TLS_OPTIONS}, scheme)
    found = RedisUrl(
        database=_database(parts, scheme, options),
        username=unquote(parts.username or "") or options.get("username") or None,
        password=unquote(parts.password or "") or options.get("password") or None,
        tls=tls,
    )
    if scheme in SOCKETS:
        return replace(found, path=_path(parts))
    if scheme == "sentinel":
        group = SentinelGroup(
            options.get("master_name", ""),
            options.get("sentinel_username"),
            options.get("sentinel_password"),
        )
        return replace(found, servers=(_server(parts, scheme),), sentinel=group)
    return replace(found, servers=(_server(parts, scheme),))


def _options(parts: SplitResult, scheme: str) -> Mapping[str, str]:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    options = dict(pairs)
    if len(options) < len(pairs):
        raise ValueError("is a hidden value that names an option twice; expected each once")
    # redis-py documents these for its sockets alone
    login = ("username", "password") if scheme == "unix" else ()
    known = {
        *DATABASE_OPTIONS,
        *TUNING_OPTIONS,
        *TLS_OPTIONS,
        *login,
        *(SENTINEL_OPTIONS if scheme == "sentinel" else ()),
    }
    unknown = next((name for name in options if name not in known), None)
    if unknown is not None:
        raise ValueError(f"has the option {unknown[:40]!r}, which {scheme}:// does not know; {EXPECTED_URL}")
    return options


def _database(parts: SplitResult, scheme: str, options: Mapping[str, str]) -> int:
    given = [options[name] for name in DATABASE_OPTIONS if name in options]
    if scheme not in SOCKETS and parts.path.strip("/"):
        given.append(unquote(parts.path.strip("/")))
    if len(set(given)) > 1:
        raise ValueError("names two databases; expected one number")
    if not given:
        return 0
    if not (given[0].isascii() and given[0].isdigit() and len(given[0]) < 6):
        raise ValueError(f"has {given[0][:40]!r} in place of a database; expected a number from 0")
    return int(given[0])


def _server(parts: SplitResult, scheme: str) -> Server:
    host = unquote(parts.hostname or "localhost")
    try:
        port = parts.port
        host.encode("idna")
    except ValueError:
        raise ValueError(f"is a hidden value that is no Redis URL; {EXPECTED_URL}") from None
    if port == 0 or "\0" in host:
        raise ValueError(f"is a hidden value that is no Redis URL; {EXPECTED_URL}")
    return host, port or PORTS.get(scheme, 6379)


def _path(parts: SplitResult) -> str:
    # what stands between the slashes is a host, which a socket has none of
    if parts.hostname or not parts.path.strip("/"):
        raise ValueError("is a hidden value without the path of a socket; expected unix:///PATH?db=NUMBER")
    return unquote(parts.path)


def with_master_name(url: str, name: str | None) -> str:
    """The URL with this master_name, where it names Sentinels and has none."""
    if not name or scheme_of(url) != "sentinel" or "master_name=" in url:
        return url
    # the options of all stand at the first, or at none
    first, *others = url.split(";")
    return ";".join((f"{first}{'&' if '?' in first else '?'}master_name={quote(name)}", *others))


def with_database(url: str, number: int) -> str:
    """The URL of another database of the same server, in Celery's dialect."""
    return ";".join(_beside(part, number) for part in url.split(";"))


def _beside(url: str, number: int) -> str:
    address, _, query = url.partition("?")
    options = [it for it in query.split("&") if it and it.partition("=")[0] not in DATABASE_OPTIONS]
    scheme = scheme_of(url)
    if scheme in SOCKETS:
        address = f"redis+socket{address[len(scheme) :]}"
        options.append(f"virtual_host={number}")
    else:
        server = address[len(scheme) + 3 :].partition("/")[0]
        address = f"{scheme}://{server}/{number}"
    return f"{address}{'?' if options else ''}{'&'.join(options)}"
