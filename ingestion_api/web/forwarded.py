"""Where a request came from, when a proxy that we trust says so."""

from starlette.types import ASGIApp, Receive, Scope, Send

from ingestion_api.networks import NetworkList, parse_address

MAX_HOPS = 20  # the last ones are looked at; whoever writes more only makes it long


class ForwardedMiddleware:
    """Believes X-Forwarded-For and -Proto of trusted proxies, and of them only what can be an address."""

    def __init__(self, app: ASGIApp, proxies: NetworkList) -> None:
        self.app = app
        self.proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope.get("client") and scope["client"][0] in self.proxies:
            scope = {**scope, **self._said(scope)}
        await self.app(scope, receive, send)

    def _said(self, scope: Scope) -> Scope:
        said: Scope = {}
        if address := self._client(_header_values(scope, b"x-forwarded-for")):
            said["client"] = (address, 0)
        scheme = _header_values(scope, b"x-forwarded-proto").rpartition(",")[2].strip().lower()
        if scheme in ("http", "https"):
            said["scheme"] = scheme
        return said

    def _client(self, hops: str) -> str:
        """The last address that is no proxy of ours; the farthest proxy when all are; empty when unknown."""
        found = ""
        for hop in reversed(hops.rsplit(",", MAX_HOPS)[-MAX_HOPS:]):
            address = parse_address(_without_port(hop.strip()))
            if address is None:
                return found
            found = str(address)
            if found not in self.proxies:
                return found
        return found


def _header_values(scope: Scope, name: bytes) -> str:
    return ",".join(value.decode("latin-1") for each, value in scope["headers"] if each == name)


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
