"""Who may have live notices open when there is no more room."""

import asyncio

import pytest

from ingestion_api.alerts.feed import IncidentFeed
from ingestion_api.errors import TooManyRequests
from ingestion_api.notices.hub import NoticeHub, NoticeStream, StreamLimits
from ingestion_api.store import Store


async def opened(hub: NoticeHub, *addresses: str) -> list[NoticeStream]:
    """A stream of each address."""
    return [hub.open(address) for address in addresses]


def test_a_few_addresses_shut_nobody_else_out(store: Store) -> None:
    """The oldest stream of the address with most goes, and only while the newcomer has fewer."""

    async def crowd() -> None:
        hub = NoticeHub(store, IncidentFeed(), StreamLimits(total=5, per_address=3))
        greedy = await opened(hub, *["192.0.2.1"] * 3, *["192.0.2.2"] * 2)
        with pytest.raises(TooManyRequests):
            hub.open("192.0.2.1")
        others = await opened(hub, "192.0.2.3")
        assert [it.ended for it in (*greedy, *others)] == [True, *[False] * 5]
        assert len(hub) == 5
        others += await opened(hub, "192.0.2.4")
        for stays in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
            with pytest.raises(TooManyRequests):
                hub.open(stays)
        assert [it.ended for it in others] == [False, False]
        for it in (*greedy, *others):
            it.close()
        await asyncio.sleep(0)

    asyncio.run(crowd())
