"""The addresses behind a host name: resolved once, checked, and then the only ones connected to."""

import ipaddress
import ssl
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from socket import SHUT_RDWR, create_connection, socket
from threading import Lock

from ingestion_api.repository.errors import RepositoryUnreachable, RepositoryUrlRefused
from ingestion_api.repository.urls import RepositoryUrl, UrlRules, is_trusted

# public by number, yet they serve a cloud machine's secrets or lead into a private network
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "fec0::/10")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def check_addresses(url: RepositoryUrl, rules: UrlRules) -> list[str]:
    """Return the addresses that a clone of this URL may connect to.

    Raises RepositoryUrlRefused when any of them is private, loopback, link-local or a metadata address,
    RepositoryUnreachable when the name is not known.
    """
    addresses = _resolve(url, rules)
    if is_trusted(url, rules):
        return addresses
    for address in addresses:
        if not is_public(address):
            raise RepositoryUrlRefused(
                f"the host {url.host!r} resolves to {address}, which is not a public address"
            )
    return addresses


def is_public(text: str) -> bool:
    """Tell whether an address belongs to the public internet, also when wrapped in an IPv6 one."""
    address = _unwrap(ipaddress.ip_address(text.partition("%")[0]))
    if any(address in network for network in _NOT_PUBLIC if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_ip_address(host: str) -> bool:
    """Tell whether a host is an IP address, which needs no resolver."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _resolve(url: RepositoryUrl, rules: UrlRules) -> list[str]:
    if is_ip_address(url.host):
        return [url.host]
    try:
        addresses = rules.resolve(url.host, url.port)
    except (OSError, UnicodeError):
        addresses = []
    if not addresses:
        raise RepositoryUnreachable(f"the host {url.host!r} is not known; expected a name that resolves")
    return addresses


def _unwrap(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


class PinnedConnection:
    """At most one open connection at a time, and none once it is closed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._socket: socket | None = None
        self._closed = False

    def open(self, url: RepositoryUrl, addresses: Sequence[str], rules: UrlRules) -> socket:
        """Return a connection to the first address that accepts one; RepositoryUnreachable when none does."""
        failure = OSError("it has no address")
        for address in addresses:
            try:
                plain = self._kept(create_connection((address, url.port), rules.connect_seconds))
                return plain if url.scheme == "http" else self._secured(plain, url, rules)
            except OSError as error:
                failure = error
        raise RepositoryUnreachable(f"{url.host} was not reached: {failure.strerror or failure}") from failure

    def close(self) -> None:
        """Close the connection, and refuse any later one."""
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
            # stored before the handshake, which a slow host can delay
            self._kept(secured)
            secured.do_handshake()
        except OSError:
            secured.close()
            raise
        return secured
