"""A backend with one event loop, as rude as the real ones: `python -m tests.exporter.rude_backend PORT MODE`.

It closes connections after each response (MODE `clean` or `reset`), blocks its loop in some routes (always,
in those of the ingestion in the mode `store`, and briefly in that of the pool in the mode `pool`), and tells
on /seen what it was asked.
"""

import asyncio
import json
import socket
import struct
import sys
import time
from collections import Counter

BLOCKING = {"/api/monitoring/health": 2.1, "/api/monitoring/workers/status": 3.0}
STORE = 3.0  # seconds for which each ingestion route blocks in the mode `store`
POOL = 0.1  # seconds for which the route of the pool blocks in the mode `pool`
COMPONENTS = {name: {"status": "healthy"} for name in ("database", "redis", "celery", "api")}
BODIES = {
    "/docs": "<html>docs</html>",
    "/api/monitoring/health": {"status": "healthy", "components": COMPONENTS},
    "/api/monitoring/workers/status": {"status": "ok", "workers": {"worker_count": 1, "stats": {}}},
    "/api/monitoring/db/pool": {"status": "ok", "pool": {"total_capacity": 15, "checked_out": 1}},
    "/api/monitoring/events": {"metrics": {"events_emitted": 1}},
    "/api/monitoring/performance": {"metrics": {"slow_query_count": 0}},
    "/api/monitoring/cache/stats": {"cache_stats": {"hits": 1, "misses": 1}},
    "/collections/health": {"status": "healthy", "database": True},
    "/search/health": {"status": "healthy", "database": True},
    "/quality/health": {"status": "healthy", "database": True},
    "/user": {"hello": "you"},
}


class Rude:
    """Counts what it is asked, and answers in its own way."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.seen: Counter[str] = Counter()
        self.moments: list[tuple[str, float]] = []
        self.started = time.time()
        self.under_way = self.most = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the client leaves, or once where connections are not kept."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                writer.write(await self.answer(head.decode()))
                await writer.drain()
                if self.mode in ("clean", "reset"):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        if self.mode == "reset":
            writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
        writer.close()

    async def answer(self, head: str) -> bytes:
        """The response to this request."""
        path = head.split(" ", 2)[1].partition("?")[0]
        who = "poll" if "authorization:" in head.lower() else "ping" if path == "/docs" else "user"
        if path != "/seen":
            self.seen[path] += 1
            self.moments.append((path, time.time()))
        self.under_way += who == "poll"
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0.002)
        time.sleep(self.blocks(path))  # noqa: ASYNC251  (the whole point)
        self.under_way -= who == "poll"
        return response(*self.body(path))

    def blocks(self, path: str) -> float:
        """Seconds for which this route blocks the loop."""
        if self.mode == "store" and path.startswith("/api/v1/ingestion/"):
            return STORE
        if self.mode == "pool" and path == "/api/monitoring/db/pool":
            return POOL
        return BLOCKING.get(path, 0.0)

    def body(self, path: str) -> tuple[int, str]:
        """Status and body."""
        if path == "/seen":
            return 200, json.dumps({"seen": self.seen, "moments": self.moments, "most": self.most})
        if path == "/metrics":
            return 200, self.page()
        if path.startswith("/api/monitoring/health/module/"):
            return 200, json.dumps({"status": "ok", "health": {"status": "healthy"}})
        body = BODIES.get(path)
        if body is None:
            return 404, '{"detail": "Not Found"}'
        return 200, body if isinstance(body, str) else json.dumps(body)

    def page(self) -> str:
        """What the instrumentator would count."""
        lines = [
            f'http_requests_total{{handler="{p}",method="GET",status="200"}} {n}'
            for p, n in self.seen.items()
        ]
        return "\n".join(
            ["# TYPE http_requests_total counter", f"process_start_time_seconds {self.started}", *lines, ""]
        )


def response(status: int, body: str) -> bytes:
    """The bytes of a response that promises to keep the connection."""
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return (head + body).encode()


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.start_server(Rude(sys.argv[2]).serve, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
