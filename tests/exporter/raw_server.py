"""A server that sends the bytes that a test gives it, in place of a backend of good manners."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Sends = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RawServer:
    """What is sent by path, what every other path gets, and what was asked."""

    url: str = ""
    sends: dict[str, Sends] = field(default_factory=dict)
    otherwise: Sends | None = None
    asked: Counter[str] = field(default_factory=Counter)
    heads: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request after the other until the client leaves."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.heads.append(head)
                path = head.split(" ", 2)[1]
                self.asked[path] += 1
                await self.sends.get(path, self.otherwise or says(404))(writer)
                await writer.drain()
        except asyncio.CancelledError:
            writer.transport.abort()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def says(status: int, body: bytes = b"{}", *headers: str) -> Sends:
    """An ordinary response."""

    async def send(writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)

    return send


def raw(*pieces: bytes, then_closes: bool = True) -> Sends:
    """These bytes."""

    async def send(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if then_closes:
            raise ConnectionResetError

    return send


def without_end(head: bytes, piece: bytes, pause: float = 0.0) -> Sends:
    """A head, and then the same piece for ever."""

    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return send


async def silent(_: asyncio.StreamWriter) -> None:
    """No response at all."""
    await asyncio.sleep(60)


@asynccontextmanager
async def raw_server() -> AsyncIterator[RawServer]:
    """A running server, which ends with the block."""
    rude = RawServer()
    tasks: set[asyncio.Task[None]] = set()

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(rude.serve(reader, writer)))

    server = await asyncio.start_server(accepted, "127.0.0.1", 0)
    rude.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield rude
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # connections are torn down a moment later
