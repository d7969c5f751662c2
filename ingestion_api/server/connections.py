"""The connections of the server: a ceiling for each address and for all, kept by closing who lets us wait.

A newcomer at the ceiling is let in while there is a connection whose request is not complete: that one
is closed, the oldest first. So half-sent requests shut nobody out, not even from their own address.
"""

from collections import Counter
from typing import Protocol

from ingestion_api.networks import NetworkList, client_network


class Connection(Protocol):
    """What is counted here: it comes from an address and can be closed at once."""

    @property
    def address(self) -> str:
        """Where it comes from."""

    @property
    def served(self) -> bool:
        """Whether it has had an answer before."""

    def drop(self) -> None:
        """Close it at once."""


WaitingConnections = dict[Connection, None]  # in the order in which they began to wait


class ConnectionLimiter:
    """All connections, by the network that they come from."""

    def __init__(self, total: int, per_address: int, proxies: NetworkList | None = None) -> None:
        self.total = total
        self.per_address = per_address
        self._proxies = proxies or NetworkList(())
        self._networks: dict[Connection, str] = {}
        self._count: Counter[str] = Counter()
        # strangers of one network, and those that had an answer before and are idle: they go last
        self._waiting: tuple[dict[str, WaitingConnections], dict[str, WaitingConnections]] = ({}, {})

    def __len__(self) -> int:
        """How many there are."""
        return len(self._networks)

    def admit(self, connection: Connection) -> bool:
        """Count a new connection, which waits for its request; False when there is no room for it."""
        network = client_network(connection.address)
        crowded = self._count[network] >= self.per_address and connection.address not in self._proxies
        if crowded and not self._drop_one(network):
            return False
        if len(self) >= self.total and not self._drop_one(self._most_waiting()):
            return False
        self._networks[connection] = network
        self._count[network] += 1
        self.waits(connection)
        return True

    def waits(self, connection: Connection) -> None:
        """It waits for its client from now on, unless it did before."""
        network = self._networks.get(connection)
        if network is not None:
            self._waiting[connection.served].setdefault(network, {}).setdefault(connection)

    def works(self, connection: Connection) -> None:
        """Its request is complete: from now on its client waits for us."""
        network = self._networks.get(connection, "")
        for tier in self._waiting:
            tier.get(network, {}).pop(connection, None)
            if network in tier and not tier[network]:
                del tier[network]

    def gone(self, connection: Connection) -> None:
        """It is closed; nothing happens when it was not counted."""
        self.works(connection)
        network = self._networks.pop(connection, None)
        if network is None:
            return
        self._count[network] -= 1
        if not self._count[network]:
            del self._count[network]

    def _drop_one(self, network: str) -> bool:
        for tier in self._waiting:
            for connection in tier.get(network, {}):
                self.gone(connection)
                connection.drop()
                return True
        return False

    def _most_waiting(self) -> str:
        for tier in self._waiting:
            if tier:
                return max(tier, key=lambda network: len(tier[network]))
        return ""
