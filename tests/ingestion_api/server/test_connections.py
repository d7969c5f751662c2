"""Who is let in at the ceiling, and who has to go for it."""

from ingestion_api.networks import NetworkList
from ingestion_api.server.connections import ConnectionLimiter


class Client:
    """A connection of which only the address matters."""

    def __init__(self, address: str, *, served: bool = False) -> None:
        self.address = address
        self.served = served
        self.dropped = False

    def drop(self) -> None:
        """It has to go."""
        self.dropped = True


def admitted(connections: ConnectionLimiter, *addresses: str) -> list[Client]:
    """Clients that were let in, in this order."""
    clients = [Client(address) for address in addresses]
    assert all(connections.admit(client) for client in clients)
    return clients


def test_the_oldest_that_waits_goes_for_a_newcomer_of_its_address() -> None:
    """One whose request is complete stays."""
    connections = ConnectionLimiter(total=100, per_address=3)
    works, older, newer = admitted(connections, *["192.0.2.1"] * 3)
    connections.works(works)
    admitted(connections, "192.0.2.1", "192.0.2.2")
    assert [client.dropped for client in (works, older, newer)] == [False, True, False]
    assert len(connections) == 4


def test_without_one_that_waits_there_is_no_room() -> None:
    """Until one has its answer."""
    connections = ConnectionLimiter(total=100, per_address=2)
    clients = admitted(connections, "192.0.2.1", "192.0.2.1")
    for client in clients:
        connections.works(client)
    assert not connections.admit(Client("192.0.2.1"))
    connections.waits(clients[0])
    assert connections.admit(Client("192.0.2.1"))


def test_a_network_of_ipv6_is_one_address() -> None:
    """However many addresses its owner uses."""
    connections = ConnectionLimiter(total=100, per_address=2)
    first, *_ = admitted(connections, "2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1")
    assert first.dropped
    assert len(connections) == 3


def test_at_the_ceiling_of_all_the_most_crowded_address_gives_way() -> None:
    """So that one that opens many does not cost the others."""
    connections = ConnectionLimiter(total=5, per_address=4)
    alone, *crowd = admitted(connections, "192.0.2.1", *["192.0.2.9"] * 4)
    admitted(connections, "192.0.2.2")
    assert [alone.dropped, crowd[0].dropped, len(connections)] == [False, True, 5]


def test_who_was_served_before_goes_last() -> None:
    """A kept connection between two requests is worth more than one that never asked anything."""
    connections = ConnectionLimiter(total=100, per_address=2)
    kept = Client("192.0.2.1", served=True)
    assert connections.admit(kept)
    [stranger] = admitted(connections, "192.0.2.1")
    admitted(connections, "192.0.2.1")
    assert [kept.dropped, stranger.dropped] == [False, True]


def test_who_does_not_take_its_answer_goes_for_a_newcomer() -> None:
    """Also when its next request is complete; one that takes it again stays."""
    connections = ConnectionLimiter(total=3, per_address=3)
    takes, older, newer = admitted(connections, *["192.0.2.1"] * 3)
    for client in (takes, older, newer):
        connections.works(client)
        connections.stalls(client)
    connections.flows(takes)
    connections.works(older)
    admitted(connections, "192.0.2.2")
    assert [client.dropped for client in (takes, older, newer)] == [False, True, False]


def test_where_all_work_the_most_crowded_address_gives_way() -> None:
    """With its newest; not for its own newcomer, nor for an address that has as many."""
    connections = ConnectionLimiter(total=4, per_address=4)
    few, *crowd = admitted(connections, "192.0.2.1", *["192.0.2.9"] * 3)
    for client in (few, *crowd):
        connections.works(client)
    assert not connections.admit(Client("192.0.2.9"))
    [newcomer] = admitted(connections, "192.0.2.2")
    connections.works(newcomer)
    assert [client.dropped for client in (few, *crowd)] == [False, False, False, True]
    assert not connections.admit(Client("192.0.2.2"))


def test_where_all_work_a_proxy_of_ours_gives_none() -> None:
    """Its connections are those of many."""
    connections = ConnectionLimiter(total=3, per_address=2, proxies=NetworkList(["192.0.2.9"]))
    for client in admitted(connections, *["192.0.2.9"] * 3):
        connections.works(client)
    assert not connections.admit(Client("192.0.2.1"))


def test_a_proxy_of_ours_brings_many() -> None:
    """Up to the ceiling of all."""
    connections = ConnectionLimiter(total=5, per_address=2, proxies=NetworkList(["192.0.2.0/24"]))
    clients = admitted(connections, *["192.0.2.1"] * 5)
    assert not any(client.dropped for client in clients)


def test_who_is_gone_is_counted_no_more() -> None:
    """Whatever it did, and however often that is told."""
    connections = ConnectionLimiter(total=2, per_address=2)
    clients = admitted(connections, "192.0.2.1", "192.0.2.1")
    connections.works(clients[0])
    for client in [*clients, *clients, Client("192.0.2.7")]:
        connections.gone(client)
    assert len(connections) == 0
    assert not any(client.dropped for client in admitted(connections, "192.0.2.1", "192.0.2.1"))
