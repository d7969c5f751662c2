"""Client addresses: the network of each, and the networks of trusted proxies."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IPV6_PREFIX = 64  # a provider's usual prefix for one customer
Address = IPv4Address | IPv6Address


def parse_address(text: str) -> Address | None:
    """The address in a text, an IPv4 one also where it is mapped into IPv6; None when it is none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def client_network(text: str) -> str:
    """The name under which a client is counted: its IPv4 address, or the /64 of its IPv6 address."""
    address = parse_address(text)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address) >> IPV6_PREFIX << IPV6_PREFIX, IPV6_PREFIX)))
    return str(address) if address else text


class NetworkList:
    """Some addresses and networks; ValueError for a text that is neither."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(text, strict=False) for text in texts]

    def __contains__(self, text: str) -> bool:
        """Whether this address lies in one of them."""
        address = parse_address(text) if self._networks else None
        return address is not None and any(address in network for network in self._networks)
