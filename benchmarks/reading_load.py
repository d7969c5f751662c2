"""How long the service takes to be read while it knows ten thousand jobs and a hundred thousand alerts."""

import asyncio
import random
import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from benchmarks.incident_rows import analyze
from ingestion_api.jobs.states import ENDED
from ingestion_api.store import Store
from ingestion_api.store.alert_texts import with_text_ids
from ingestion_api.store.migrate import migrate
from ingestion_api.store.tables import Alert, Job, JobEvent, Resource, Worker
from tests.ingestion_api.processes import TOKEN, ServiceProcess, environment
from tests.servers.fixtures import started
from tests.servers.redis_server import RedisServer

JOBS, ALERTS, FIRING, RESOURCES = 10_000, 100_000, 200, 20_000
CLIENTS, OFFERED, SECONDS = 8, 100, 20.0
HEADINGS = ("Database", "Address", "Requests", "P50 ms", "P99 ms", "Goal ms", "Other answers")
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
    "/admin/sparse-embeddings/status": 50,
    "/jobs": 50,
    "/jobs/{job}": 50,
    "/": 150,
    "/metrics": 150,
}
Row = tuple[str, ...]


@dataclass(frozen=True)
class TimedRequest:
    """One request: when it was due, seconds after the start, and how long its answer took from then."""

    address: str
    seconds: float
    status: int


def reading_rows(folder: Path, redis: RedisServer, name: str, url: str | None) -> Iterator[Row]:
    """One row for each address; a request that had to wait for its turn counts from when it was due."""
    folder.mkdir()
    more = {"database_url": url} if url else {}
    env = environment(folder, redis.url, log_level="warning", outbox_period=60, **more)
    fill(url or f"sqlite:///{folder}/service/service.db")
    with started(ServiceProcess(folder / "service.log", env)) as service:
        asked = asyncio.run(load(int(service.url.rpartition(":")[2])))
    for address, goal in ADDRESSES.items():
        of_it = [each for each in asked if each.address == address]
        seconds = sorted(each.seconds for each in of_it if each.status == 200)
        others = len(of_it) - len(seconds)
        slow = seconds[int(len(seconds) * 0.99)] if seconds else float("nan")
        usual = statistics.median(seconds) if seconds else float("nan")
        shown = (f"{1000 * usual:.1f}", f"{1000 * slow:.1f}", str(goal), str(others))
        yield (name, f"`{address}`", str(len(of_it)), *shown)


def fill(url: str) -> None:
    """Jobs with their stories, alerts, resources and a worker."""
    store = Store.at(url)
    migrate(store.engine)
    now, chance = datetime.now(UTC), random.Random(7)  # noqa: S311 - the same load each time
    with store.write() as session:
        session.execute(insert(Job), [_job(number, now, chance) for number in range(1, JOBS + 1)])
        session.execute(insert(JobEvent), [step for n in range(1, JOBS + 1) for step in _job_events(n, now)])
        for begin in range(0, ALERTS, 10_000):
            rows = [_alert(number, now, chance) for number in range(begin, begin + 10_000)]
            session.execute(insert(Alert), with_text_ids(session.connection(), rows))
        session.execute(insert(Resource), [_resource(number, now) for number in range(RESOURCES)])
        session.add(_worker(now))
    analyze(store, url)
    store.close()


def _job(number: int, now: datetime, chance: random.Random) -> dict[str, Any]:
    ended = now - timedelta(minutes=JOBS - number + 10)
    waits = number > JOBS - 5
    return {
        "id": number,
        "kind": "ingestion",
        "repo_url": f"https://git.example/keeper/lamp-{number}",
        "repository": f"git.example/keeper/lamp-{number}",
        "parameters": {},
        "state": "pending" if waits else chance.choices(ENDED, (80, 15, 3, 2))[0],
        "dispatch": "celery",
        "actor": "operator",
        "submitted_at": now if waits else ended - timedelta(minutes=2),
        "started_at": None if waits else ended - timedelta(minutes=1),
        "ended_at": None if waits else ended,
        "publications": 1,
        "published_at": now,
        "attempts": 0 if waits else 1,
        "losses": 0,
        "files_processed": None if waits else 40,
        "embeddings_generated": None if waits else 40,
    }


def _job_events(number: int, now: datetime) -> Iterator[dict[str, Any]]:
    states = ("pending",) if number > JOBS - 5 else ("pending", "processing", "complete")
    for state in states:
        yield {"job_id": number, "at": now, "state": state, "ending": state == "complete", "note": "a step"}


def _alert(number: int, now: datetime, chance: random.Random) -> dict[str, Any]:
    name = f"Alert{number % 40}"
    began, fires = now - timedelta(seconds=10 * (ALERTS - number)), number >= ALERTS - FIRING
    severity = chance.choice(("critical", "warning", "info"))
    return {
        "fingerprint": f"{number:016x}",
        "starts_at": began,
        "ends_at": None if fires else began + timedelta(seconds=60),
        "status": "firing" if fires else "resolved",
        "name": name,
        "severity": severity,
        "labels": {"alertname": name, "severity": severity, "instance": f"host-{number % 90}"},
        "annotations": {
            "summary": "Ten jobs wait and nobody takes them.",
            "runbook_url": "http://a.example/r",
        },
        "generator_url": "http://127.0.0.1:9090/graph",
        "receiver": "watchroom",
        "first_received_at": began,
        "last_received_at": began,
        "notices": 2,
    }


def _resource(number: int, now: datetime) -> dict[str, Any]:
    vector = "{" + ", ".join(f'"{number + each}": 1.5' for each in range(40)) + "}"
    return {
        "id": f"{number:036d}",
        "title": f"Text {number}",
        "description": "The lamp turns and the keeper sleeps. " * 30,
        "source": "https://git.example/keeper/lamp",
        "ingestion_status": "completed",
        "sparse_embedding": vector if number % 10 else None,
        "sparse_embedding_model": "bm25-english-v1" if number % 10 else None,
        "created_at": now,
        "updated_at": now,
    }


def _worker(now: datetime) -> Worker:
    seen = {"started_at": now, "last_heartbeat": now + timedelta(hours=1)}
    return Worker(id="hands", type="cloud", host="tower", pid=7, queues=["ingestion"], gpu={}, **seen)


async def load(port: int) -> list[TimedRequest]:
    """Ask at the offered rate until the end; each client on a connection of its own."""
    cookie = await signed_in(port)
    begin = time.perf_counter() + 1.0
    shares = [each_client(port, cookie, begin, number) for number in range(CLIENTS)]
    return [asked for share in await asyncio.gather(*shares) for asked in share]


async def each_client(port: int, cookie: str, begin: float, number: int) -> list[TimedRequest]:
    """The answers to every eighth request of the whole."""
    chance = random.Random(number)  # noqa: S311 - as above
    head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\nCookie: {cookie}\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    asked: list[TimedRequest] = []
    for turn in range(number, int(OFFERED * SECONDS), CLIENTS):
        due = begin + turn / OFFERED
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        address = list(ADDRESSES)[turn % len(ADDRESSES)]
        path = address.format(job=chance.randrange(1, JOBS))
        writer.write(f"GET {path} HTTP/1.1\r\n{head}".encode())
        status, _, _ = await read_response(reader)
        asked.append(TimedRequest(address, time.perf_counter() - due, status))
    writer.close()
    return asked


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
    length = int(head.lower().partition("content-length:")[2].split()[0])
    body = (await reader.readexactly(length)).decode()
    return int(head.split()[1]), head, body
