"""The transport under every HTTP client, and which of its failures are our own host's."""

import errno
import socket
import ssl
from functools import cache

import httpx2

# failures of our own host, which prove nothing about the server
LOCAL_ERRNOS = (errno.EMFILE, errno.ENFILE, errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL)
UNKNOWN_HOST = (socket.EAI_NONAME, socket.EAI_NODATA)
CONNECTION_CLOSED = (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError, httpx2.CloseError)


def make_transport(url: httpx2.URL, keepalive: int, proxy: str | None = None) -> httpx2.AsyncHTTPTransport:
    """A transport to this system, which connects with the first request and keeps so many connections.

    It is used without a client around it, which follows redirects, keeps cookies (a load balancer's would
    pin one process) and takes a third more processor time for each request. Only the proxy of the settings
    is used: those of the environment are for the internet.
    """
    return httpx2.AsyncHTTPTransport(
        verify=system_tls_context() if url.scheme == "https" else unused_tls_context(),
        limits=httpx2.Limits(max_connections=8, max_keepalive_connections=keepalive),
        trust_env=False,
        proxy=proxy,
    )


@cache
def system_tls_context() -> ssl.SSLContext:
    """The machine's certificate authorities; shared by all clients, since they take almost 1 MiB."""
    return httpx2.create_ssl_context(trust_env=False)


@cache
def unused_tls_context() -> ssl.SSLContext:
    """A context without authorities, for clients that never use TLS: redirects are not followed."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def is_local_failure(error: BaseException | None) -> bool:
    """Whether a failure to connect is one of our own host or of its resolver."""
    while error is not None:
        if isinstance(error, socket.gaierror):
            return error.errno not in UNKNOWN_HOST
        if isinstance(error, OSError) and error.errno in LOCAL_ERRNOS:
            return True
        error = error.__cause__ or error.__context__
    return False
