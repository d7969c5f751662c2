"""The one socket of a look-up, which another thread may close when the time is up."""

import ssl
from collections.abc import Sequence
from contextlib import suppress
from socket import SHUT_RDWR, create_connection, socket
from threading import Lock

from ingestion_api.repository.errors import RepositoryUnreachable
from ingestion_api.repository.rules import UrlRules
from ingestion_api.repository.urls import RepositoryUrl


class PinnedConnection:
    """At most one open connection at a time, and none once it is closed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._socket: socket | None = None
        self._closed = False

    def open(self, url: RepositoryUrl, addresses: Sequence[str], rules: UrlRules) -> socket:
        """Return a connection to the first address that takes one; RepositoryUnreachable when none does."""
        failure = OSError("it has no address")
        for address in addresses:
            try:
                plain = self._kept(create_connection((address, url.port), rules.connect_seconds))
                return plain if url.scheme == "http" else self._secured(plain, url, rules)
            except OSError as error:
                failure = error
        raise RepositoryUnreachable(f"{url.host} was not reached: {failure.strerror or failure}") from failure

    def close(self) -> None:
        """End whatever waits for the connection, now and later."""
        with self._lock:
            self._closed = True
            if self._socket is not None:
                # close() alone would not wake the thread that reads from it
                with suppress(OSError):
                    self._socket.shutdown(SHUT_RDWR)

    def _kept(self, opened: socket) -> socket:
        with self._lock:
            if self._closed:
                opened.close()
                raise OSError("the look-up was stopped")
            self._socket = opened
        return opened

    def _secured(self, plain: socket, url: RepositoryUrl, rules: UrlRules) -> socket:
        try:
            context = ssl.create_default_context(cafile=rules.ca_file)
            secured = context.wrap_socket(plain, server_hostname=url.host, do_handshake_on_connect=False)
        except OSError:
            plain.close()
            raise
        try:
            # kept before the handshake, which a slow host can draw out
            self._kept(secured)
            secured.do_handshake()
        except OSError:
            secured.close()
            raise
        return secured
