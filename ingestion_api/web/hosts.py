"""Only names of ours are answered to, so that no other site's name can be pointed at us by its owner."""

import re
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from ingestion_api.networks import parse_address
from ingestion_api.web.errors import error_response

# nobody can register a public name that ends so
PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".home.arpa", ".svc")
HOST_PATTERN = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[0-9A-Za-z_.-]+))(?::[0-9]{0,5})?")
ANY_HOST = "*"
MAX_SHOWN = 80
EXPECTED = "expected an IP address, a name without dots, or one of SERVICE_ALLOWED_HOSTS"


class HostCheckMiddleware:
    """Answers 400 where the Host header names a host that cannot be ours."""

    def __init__(self, app: ASGIApp, allowed: frozenset[str]) -> None:
        self.app = app
        self.allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(given) > 1 or not all(self._is_ours(host) for host in given):
            sentence = f"Host is {', '.join(given)[:MAX_SHOWN]!r}; {EXPECTED}."
            await error_response(400, sentence)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        name = _host_name(host)
        if not name:
            return False
        if (
            ANY_HOST in self.allowed
            or name in self.allowed
            or "." not in name
            or parse_address(name) is not None
        ):
            return True
        suffixes = tuple(each[1:] for each in self.allowed if each.startswith("*."))
        return name.endswith((*PRIVATE_SUFFIXES, *suffixes))


def allowed_hosts(given: Iterable[str], public_url: str | None) -> frozenset[str]:
    """The names that are ours for certain: those given, the public one, this machine's own."""
    names = (*given, urlsplit(public_url or "").hostname or "", socket.gethostname())
    return frozenset(name.lower().rstrip(".") for name in names if name)


def _host_name(host: str) -> str:
    """The host without its port, in small letters; empty when it can be none."""
    written = HOST_PATTERN.fullmatch(host)
    return (written["ipv6"] or written["name"]).lower().rstrip(".") if written else ""
