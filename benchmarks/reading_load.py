"""How long the service takes to be read while it knows ten thousand jobs and a hundred thousand alerts.

`make bench WHAT=reading-load`
"""

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks import report
from benchmarks.reading_rows import ALERTS, JOBS, fill
from benchmarks.servers import databases
from tests.ingestion_api.processes import TOKEN, ServiceProcess, environment
from tests.servers.fixtures import started
from tests.servers.postgres_server import plain
from tests.servers.redis_server import RedisServer

COMMAND = "make bench WHAT=reading-load"
CLIENTS, OFFERED, SECONDS = 8, 100, 60.0
EXPORT_SHARE = 50  # each so-manieth request is for an export: two a second, more than people take home
HEADINGS = ("Database", "Address", "Requests", "P50 ms", "P99 ms", "Max ms", "Goal ms", "Other answers")
TITLE = (
    f"{CLIENTS} clients that offer {OFFERED} requests a second in all for {SECONDS:g} s, while the service "
    f"knows {JOBS} jobs and {ALERTS} alerts; each has asked for each address once before. Exports, each "
    f"{EXPORT_SHARE}th request, are timed to the first byte of their body:"
)
API = "/api/v1/ingestion"
# what is asked for, and its goal in milliseconds for all but the slowest hundredth
ADDRESSES: Mapping[str, int] = {
    f"{API}/jobs?limit=10": 50,
    f"{API}/jobs?limit=100": 50,
    f"{API}/jobs?limit=10&status=failed": 50,
    f"{API}/jobs/{{job}}": 50,
    f"{API}/jobs/history?limit=100": 50,
    f"{API}/queue": 50,
    f"{API}/worker/status": 50,
    "/api/v1/alerts?limit=100": 50,
    "/api/v1/alerts?status=firing&severity=critical": 50,
    "/api/v1/alerts/counts": 50,
    "/admin/sparse-embeddings/status": 50,
    "/jobs": 50,
    "/jobs/{job}": 50,
    "/": 150,
    "/metrics": 150,
}
EXPORTS: Mapping[str, int] = {
    "/api/v1/alerts.csv": 150,
    "/api/v1/alerts.json": 150,
    "/alerts.csv": 150,
    "/alerts.json": 150,
    "/api/v1/noise": 150,
    "/api/v1/noise.csv": 150,
    "/noise": 150,
    "/noise.csv": 150,
    "/api/v1/audit?limit=500": 150,
}
Row = tuple[str, ...]


@dataclass(frozen=True)
class TimedRequest:
    """One request: seconds from when it was due to the whole response, or to an export's first byte."""

    address: str
    seconds: float
    status: int


def main() -> int:
    """Measure on both kinds of database, write the table and show it."""
    rows: list[Row] = []
    with databases() as (folder, redis, urls):
        for name, fresh in urls.items():
            rows += list(reading_rows(folder / name, redis, name, fresh()))
    sys.stdout.write(report.write("reading-load", COMMAND, [(TITLE, HEADINGS, rows)]))
    return 0


def reading_rows(folder: Path, redis: RedisServer, name: str, url: str | None) -> Iterator[Row]:
    """One row for each address; a request that had to wait for its turn counts from when it was due."""
    folder.mkdir()
    more = {"database_url": url} if url else {}
    env = environment(folder, redis.url, log_level="warning", outbox_period=60, **more)
    fill(url or f"sqlite:///{folder}/service/service.db")
    if url:
        _vacuum_server(url)
    with started(ServiceProcess(folder / "service.log", env)) as service:
        asked = asyncio.run(load(int(service.url.rpartition(":")[2])))
    for address, goal in {**ADDRESSES, **EXPORTS}.items():
        of_it = [each for each in asked if each.address == address]
        seconds = sorted(each.seconds for each in of_it if each.status == 200)
        others = len(of_it) - len(seconds)
        yield (name, f"`{address}`", str(len(of_it)), *_milliseconds(seconds), str(goal), str(others))


def _vacuum_server(url: str) -> None:
    """Vacuum what a fresh server has never vacuumed, which it would do while it is measured."""
    server = plain(url).rpartition("/")[0]
    for database in ("template1", "postgres"):
        with psycopg.connect(f"{server}/{database}", autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


def _milliseconds(ordered: list[float]) -> Row:
    """The usual, all but the slowest hundredth, and the slowest."""
    if not ordered:
        return ("-", "-", "-")
    found = (statistics.median(ordered), ordered[int(len(ordered) * 0.99)], ordered[-1])
    return tuple(f"{1000 * each:.1f}" for each in found)


async def load(port: int) -> list[TimedRequest]:
    """Ask at the offered rate until the end; each client on a connection of its own."""
    cookie = await signed_in(port)
    clients = [ReadingClient(port, cookie, number) for number in range(CLIENTS)]
    await asyncio.gather(*(client.ask_each_once() for client in clients))
    begin = time.perf_counter() + 1.0
    shares = await asyncio.gather(*(client.ask_all(begin) for client in clients))
    return [asked for share in shares for asked in share]


def address_of(turn: int) -> str:
    """What the request of a turn is for."""
    exports, rest = divmod(turn, EXPORT_SHARE)
    if rest == EXPORT_SHARE - 1:
        return list(EXPORTS)[exports % len(EXPORTS)]
    return list(ADDRESSES)[(turn - exports) % len(ADDRESSES)]


class ReadingClient:
    """A client that keeps its connection, and closes it where the rest of an export is not wanted."""

    def __init__(self, port: int, cookie: str, number: int) -> None:
        self._port = port
        self._head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\nCookie: {cookie}\r\n\r\n"
        self._number = number
        self._chance = random.Random(number)  # noqa: S311 - the same load each time
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask_each_once(self) -> None:
        """Ask for everything, so that connections are open and queries are compiled."""
        for address in (*ADDRESSES, *EXPORTS):
            await self._ask(address, time.perf_counter())
        self._close()

    async def ask_all(self, begin: float) -> list[TimedRequest]:
        """The responses to every so-manieth request of the whole."""
        asked = []
        for turn in range(self._number, int(OFFERED * SECONDS), CLIENTS):
            due = begin + turn / OFFERED
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            asked.append(await self._ask(address_of(turn), due))
        self._close()
        return asked

    async def _ask(self, address: str, due: float) -> TimedRequest:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        path = address.format(job=self._chance.randrange(1, JOBS))
        writer.write(f"GET {path} HTTP/1.1\r\n{self._head}".encode())
        if address not in EXPORTS:
            status, _, _ = await read_response(reader)
            return TimedRequest(address, time.perf_counter() - due, status)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        await reader.readexactly(1)
        timed = TimedRequest(address, time.perf_counter() - due, int(head.split()[1]))
        if length := _content_length(head):
            await reader.readexactly(length - 1)
        else:
            self._close()
        return timed

    def _close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def signed_in(port: int) -> str:
    """The cookie of a browser that has signed in."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    _, head, body = await read_response(reader)
    key = body.partition('name="form_key" value="')[2].partition('"')[0]
    form = f"form_key={key}&token={TOKEN.replace(' ', '+')}"
    kind = "application/x-www-form-urlencoded"
    writer.write(
        f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {_cookie(head)}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(form)}\r\n\r\n{form}".encode()
    )
    status, head, _ = await read_response(reader)
    if status != 303:
        raise RuntimeError(f"signing in was answered {status}; expected 303")
    writer.close()
    return _cookie(head)


def _cookie(head: str) -> str:
    return head.partition("set-cookie: ")[2].partition(";")[0]


async def read_response(reader: asyncio.StreamReader) -> tuple[int, str, str]:
    """Status, head and body of one answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    body = (await reader.readexactly(_content_length(head))).decode()
    return int(head.split()[1]), head, body


def _content_length(head: str) -> int:
    """The bytes of the body; 0 where the head does not say."""
    return int((head.lower().partition("content-length:")[2].split() or "0")[0])


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m benchmarks.reading_load", description=__doc__).parse_args()
    sys.exit(main())
