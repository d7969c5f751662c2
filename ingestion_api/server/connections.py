"""The connections of the server: a ceiling for each address and for all, kept by closing who lets us wait.

A newcomer at the ceiling is let in while there is a connection whose request is not complete, or whose
answer is not taken: that one is closed, the oldest first. So half-sent requests and answers that nobody reads
shut nobody out, not even from their own address. Where there is none, the network with most connections gives
one for a network that has fewer: so requests that are many and costly shut out only others of their own.
"""

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
        self._members: dict[str, WaitingConnections] = {}
        # strangers of one network, and those that had an answer before and are idle: they go last
        self._waiting: tuple[dict[str, WaitingConnections], dict[str, WaitingConnections]] = ({}, {})
        # those that do not take their answer, whatever else they do
        self._stalled: dict[str, WaitingConnections] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._networks)

    def admit(self, connection: Connection) -> bool:
        """Count a new connection, which waits for its request; False when there is no room for it."""
        network = client_network(connection.address)
        crowded = self._size(network) >= self.per_address and connection.address not in self._proxies
        if crowded and not self._drop_one(network):
            return False
        if len(self) >= self.total and not (self._drop_one(self._most_waiting()) or self._thin_out(network)):
            return False
        self._networks[connection] = network
        self._members.setdefault(network, {})[connection] = None
        self.waits(connection)
        return True

    def waits(self, connection: Connection) -> None:
        """It waits for its client from now on, unless it did before."""
        network = self._networks.get(connection)
        if network is not None:
            self._waiting[connection.served].setdefault(network, {}).setdefault(connection)

    def works(self, connection: Connection) -> None:
        """Its request is complete: from now on its client waits for us."""
        for tier in self._waiting:
            self._remove(tier, connection)

    def stalls(self, connection: Connection) -> None:
        """Its client does not take our answer."""
        network = self._networks.get(connection)
        if network is not None:
            self._stalled.setdefault(network, {}).setdefault(connection)

    def flows(self, connection: Connection) -> None:
        """Its client takes our answer again."""
        self._remove(self._stalled, connection)

    def gone(self, connection: Connection) -> None:
        """It is closed; nothing happens when it was not counted."""
        self.works(connection)
        self.flows(connection)
        network = self._networks.pop(connection, None)
        if network is None:
            return
        del self._members[network][connection]
        if not self._members[network]:
            del self._members[network]

    def _drop_one(self, network: str) -> bool:
        for tier in self._tiers():
            for connection in tier.get(network, {}):
                self.gone(connection)
                connection.drop()
                return True
        return False

    def _thin_out(self, newcomer: str) -> bool:
        """Close the newest connection of the network that has most, if the newcomer's has fewer by two.

        Its request is complete, but it most likely waits for a turn: its network has only a few at a time.
        """
        network = max(self._members, key=self._size, default="")
        newest = next(reversed(self._members.get(network, {})), None)
        if (
            newest is None
            or newest.address in self._proxies
            or self._size(network) < self._size(newcomer) + 2
        ):
            return False
        self.gone(newest)
        newest.drop()
        return True

    def _size(self, network: str) -> int:
        return len(self._members.get(network, ()))

    def _most_waiting(self) -> str:
        for tier in self._tiers():
            if tier:
                return max(tier, key=lambda network: len(tier[network]))
        return ""

    def _tiers(self) -> tuple[dict[str, WaitingConnections], ...]:
        return *self._waiting, self._stalled

    def _remove(self, tier: dict[str, WaitingConnections], connection: Connection) -> None:
        network = self._networks.get(connection, "")
        tier.get(network, {}).pop(connection, None)
        if network in tier and not tier[network]:
            del tier[network]
