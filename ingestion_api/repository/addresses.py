"""The addresses behind a host name: resolved once, checked, and then the only ones connected to."""

import ipaddress
from ipaddress import IPv4Address, IPv6Address

from ingestion_api.repository.errors import RepositoryUnreachable, RepositoryUrlRefused
from ingestion_api.repository.rules import UrlRules
from ingestion_api.repository.urls import RepositoryUrl, is_trusted

# public by number, yet they answer with a cloud machine's own secrets or lead into a private network
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "fec0::/10")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def check_addresses(url: RepositoryUrl, rules: UrlRules) -> list[str]:
    """Return the addresses that may be connected to for a URL.

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
    """Tell whether a host is an address, for which nobody asks a resolver."""
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
