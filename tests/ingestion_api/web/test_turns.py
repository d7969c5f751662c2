"""Many requests of one network do not make those of others wait."""

import asyncio

from starlette.types import Message, Receive, Scope, Send

from ingestion_api.web.middleware import ConcurrencyLimiter


class Slow:
    """An application that answers when it is let."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.go_on = asyncio.Event()

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        """Note who asks, and wait."""
        self.begun.append(scope["client"][0])
        await self.go_on.wait()


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


async def _away(_message: Message) -> None:
    """Nobody listens."""


def test_each_network_has_some_turns_at_a_time() -> None:
    """The rest of it wait, in their order, and no trace of it stays."""

    async def story() -> None:
        app = Slow()
        turns = ConcurrencyLimiter(app, at_once=2)
        addresses = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1"]
        asked = [
            asyncio.create_task(turns({"type": "http", "client": (address, 1)}, _nothing, _away))
            for address in addresses
        ]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert app.begun == ["2001:db8::1", "2001:db8::2", "192.0.2.1"]
        app.go_on.set()
        await asyncio.gather(*asked)
        assert app.begun[-1] == "2001:db8::3"
        assert vars(turns)["_lines"] == {}

    asyncio.run(story())
