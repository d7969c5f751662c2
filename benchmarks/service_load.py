"""How many jobs the service accepts, and how many texts it embeds: `make bench-service`."""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import report
from benchmarks.corpus_load import corpus_rows
from benchmarks.embedding_load import embedding_row
from benchmarks.servers import databases
from tests.ingestion_api.processes import TOKEN, ServiceProcess, environment
from tests.servers.fixtures import started
from tests.servers.redis_server import RedisServer

COMMAND = "make bench-service"
SECONDS = 10.0
ACCEPTED_FROM = (1, 8, 32)
ACCEPT = ("Database", "Clients", "Accepted", "Accepted a second", "P50 ms", "P99 ms", "Other answers")
EMBED = ("Database", "Texts", "Words a text", "Texts a second", "Of these encoding alone")
SMALL = ("Database", "Known terms", "P50 ms", "Most memory of the worker, MiB")
HEAD = f"Host: bench\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 0\r\n"
Row = tuple[str, ...]


def main() -> int:
    """Measure on both kinds of database, write the tables and show them."""
    accepted: list[Row] = []
    embedded: list[Row] = []
    small: list[Row] = []
    with databases() as (folder, redis, urls):
        for name, fresh in urls.items():
            accepted += list(accepted_rows(folder / name, redis, name, fresh()))
            embedded.append(embedding_row(folder / f"{name}-texts", name, fresh()))
            small += corpus_rows(name, fresh())
    text = report.write(
        "service",
        COMMAND,
        (
            ("Requests to ingest, each for another repository, over kept connections:", ACCEPT, accepted),
            ("Sparse embeddings by one worker process, with BM25:", EMBED, embedded),
            ("Ingestion of a repository of two files, by how many terms the corpus knows:", SMALL, small),
        ),
    )
    sys.stdout.write(text)
    return 0


def accepted_rows(folder: Path, redis: RedisServer, name: str, url: str | None) -> Iterator[Row]:
    """One row for each number of clients; the jobs stay queued, as there is no worker."""
    folder.mkdir()
    more = {"database_url": url} if url else {}
    env = environment(folder, redis.url, queue_limit=100_000, publish_grace=600, log_level="warning", **more)
    with started(ServiceProcess(folder / "service.log", env)) as service:
        port = int(service.url.rpartition(":")[2])
        for clients in ACCEPTED_FROM:
            seconds, refused = asyncio.run(load(port, clients))
            yield (name, str(clients), *row_of(sorted(seconds)), str(refused))


def row_of(seconds: list[float]) -> Row:
    """How many, how many a second, and how long the usual and the slowest hundredth took."""
    slow = seconds[int(len(seconds) * 0.99)]
    milliseconds = (f"{1000 * statistics.median(seconds):.1f}", f"{1000 * slow:.1f}")
    return (str(len(seconds)), f"{len(seconds) / SECONDS:.0f}", *milliseconds)


async def load(port: int, clients: int) -> tuple[list[float], int]:
    """Seconds of every accepted request of all clients, and how many were not accepted."""
    answers = await asyncio.gather(*(one_client(port, f"{clients}-{number}") for number in range(clients)))
    seconds = [taken for answer in answers for status, taken in answer if status == 200]
    return seconds, sum(len(each) for each in answers) - len(seconds)


async def one_client(port: int, name: str) -> list[tuple[int, float]]:
    """Ask for one repository after the other on one connection; status and seconds of each."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers: list[tuple[int, float]] = []
    end = time.perf_counter() + SECONDS
    while (began := time.perf_counter()) < end:
        path = f"/api/v1/ingestion/ingest/http://127.0.0.1:9/{name}/{len(answers)}"
        writer.write(f"POST {path} HTTP/1.1\r\n{HEAD}\r\n".encode())
        answers.append((await status_of(reader), time.perf_counter() - began))
    writer.close()
    return answers


async def status_of(reader: asyncio.StreamReader) -> int:
    """Read one answer to its end."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length:")[2].split()[0])
    await reader.readexactly(length)
    return int(head.split()[1])


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m benchmarks.service_load", description=__doc__).parse_args()
    sys.exit(main())
