"""How long lists, counts and exports of a hundred thousand incidents take: `make bench WHAT=incidents`."""

import argparse
import asyncio
import os
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2

from benchmarks import report
from benchmarks.incident_rows import INCIDENTS, fill
from benchmarks.quantiles import quantile
from benchmarks.reading_load import signed_in
from benchmarks.servers import databases
from tests.ingestion_api.processes import TOKEN, ServiceProcess, environment
from tests.servers.fixtures import started
from tests.servers.redis_server import RedisServer

COMMAND = "make bench WHAT=incidents"
TIMES, EXPORTS = 30, 10
GOAL = 50  # milliseconds for all but the slowest twentieth
FILES = ("Database", "File", "Seconds", "MB", "Memory of the service before, MiB", "Most of it, MiB")
HEADINGS = ("Database", "What", "P50 ms", "P95 ms", "Goal ms", "Bytes")
FILTERS: Mapping[str, str] = {
    "all": "",
    "that fire": "status=firing",
    "critical": "severity=critical",
    "of one module": "module=module_3",
    "of one signal": "signal=signal_7",
    "with a label": "label=instance=host-7:9200",
    "with a label that all have": "label=job=ops",
    "of one day": "since=2026-11-01T00:00:00Z&until=2026-11-02T00:00:00Z",
    "acknowledged": "acknowledged=true",
    "with a text": "text=module_3%20host-7",
    "with a text that all have": "text=requests%20fail",
    "with a text that none has": "text=estrangement",
    "with everything": "status=resolved&severity=critical&module=module_3&label=job=ops&acknowledged=false"
    "&text=fail&since=2026-01-01T00:00:00Z",
    "none": "severity=other&label=job=ops&text=fail",
}
Row = tuple[str, ...]


def main() -> int:
    """Measure on both kinds of database, write the table and show it."""
    rows: list[Row] = []
    files: list[Row] = []
    with databases() as (folder, redis, urls):
        for name, fresh in urls.items():
            its_rows, its_files = _measure(folder / name, redis, name, fresh())
            rows, files = rows + its_rows, files + its_files
    title = f"One client asks for one thing after the other, {INCIDENTS} incidents are known:"
    whole = f"All {INCIDENTS} of them as a file:"
    tables = ((title, HEADINGS, rows), (whole, FILES, files))
    sys.stdout.write(report.write("incidents", COMMAND, tables))
    return 0


def _measure(folder: Path, redis: RedisServer, name: str, url: str | None) -> tuple[list[Row], list[Row]]:
    folder.mkdir()
    more = {"database_url": url} if url else {}
    env = environment(folder, redis.url, log_level="warning", outbox_period=60, **more)
    began = time.perf_counter()
    fill(url or f"sqlite:///{folder}/service/service.db")
    sys.stdout.write(f"{name}: filled in {time.perf_counter() - began:.0f} s\n")
    with started(ServiceProcess(folder / "service.log", env)) as service:
        port = int(service.url.rpartition(":")[2])
        rows = [_row(name, what, taken, size) for what, taken, size in asyncio.run(_all(port))]
        return rows, [_file_row(name, kind, service) for kind in ("csv", "json")]


def _file_row(database: str, kind: str, service: ServiceProcess) -> Row:
    before, most, size = _memory(service.pid), 0.0, 0
    began = time.perf_counter()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx2.stream("GET", f"{service.url}/api/v1/alerts.{kind}", headers=headers, timeout=600) as answer:
        for piece in answer.iter_bytes(1_000_000):
            size += len(piece)
            most = max(most, _memory(service.pid))
    taken = time.perf_counter() - began
    return (database, kind, f"{taken:.1f}", f"{size / 1e6:.0f}", f"{before:.0f}", f"{most:.0f}")


def _row(database: str, what: str, taken: list[float], size: int) -> Row:
    usual, slow = statistics.median(taken), quantile(taken, 0.95)
    return (database, what, f"{1000 * usual:.1f}", f"{1000 * slow:.1f}", str(GOAL), str(size))


def _addresses() -> Iterator[tuple[str, str, int]]:
    for what, query in FILTERS.items():
        for order in ("newest", "gravest", "longest"):
            yield f"list {what}, {order}", f"/api/v1/alerts?order={order}&{query}", TIMES
        yield f"counts {what}", f"/api/v1/alerts/counts?{query}", TIMES
        page = query.replace("status=", "state=").replace("=true", "=yes").replace("=false", "=no")
        yield f"page {what}", f"/alerts?{page}", TIMES
    for kind in ("csv", "json"):
        for what in ("all", "with a text that all have", "none"):
            yield f"{kind} {what}, to the first byte", f"/api/v1/alerts.{kind}?{FILTERS[what]}", EXPORTS


def _memory(pid: int) -> float:
    """Its resident memory in MiB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


async def _all(port: int) -> list[tuple[str, list[float], int]]:
    cookie = await signed_in(port)
    head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\nCookie: {cookie}\r\n\r\n"
    return [(what, *await request_times(port, address, head, times)) for what, address, times in _addresses()]


async def request_times(port: int, address: str, head: str, times: int) -> tuple[list[float], int]:
    taken: list[float] = []
    size = 0
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(times):
        began = time.perf_counter()
        writer.write(f"GET {address} HTTP/1.1\r\n{head}".encode())
        answer = (await reader.readuntil(b"\r\n\r\n")).decode()
        if not answer.startswith("HTTP/1.1 200"):
            raise RuntimeError(f"{address} was answered {answer[:60]!r}; expected 200")
        length = answer.lower().partition("content-length:")[2].split()
        if length:
            size = len(await reader.readexactly(int(length[0])))
        else:
            await reader.readuntil(b"\n")
        taken.append(time.perf_counter() - began)
        if not length:
            # the rest is not waited for
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    return taken, size


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m benchmarks.incidents", description=__doc__).parse_args()
    sys.exit(main())
