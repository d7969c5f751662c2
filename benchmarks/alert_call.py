"""How long ten thousand alerts in one call take while jobs go on: `make bench WHAT=alert-call`."""

import argparse
import json
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from benchmarks import report
from benchmarks.quantiles import quantile
from benchmarks.servers import databases
from tests.ingestion_api.processes import AUTHORIZED, ServiceProcess, environment, worker
from tests.servers.fixtures import started
from tests.servers.redis_server import RedisServer

COMMAND = "make bench WHAT=alert-call"
ALERTS, CALLS = 10_000, 5
PAUSE = 0.05  # seconds between two jobs that are submitted meanwhile
GOAL = 2.0  # seconds of one call
WEBHOOK, JOBS = "/api/v1/alerts/webhook", "/api/v1/ingestion"
HEADINGS = (
    "Database", "What the call tells", "Calls", "Median s", "Slowest s", "Goal s",
    "Jobs submitted meanwhile", "P95 ms", "Slowest ms", "Not accepted", "Jobs ended", "Lost their worker",
)  # fmt: skip
TITLE = (
    f"{ALERTS} alerts in one call of Alertmanager's webhook, while a client submits a job each "
    f"{1000 * PAUSE:g} ms and a worker takes them:"
)
Row = tuple[str, ...]


def main() -> int:
    """Measure on both kinds of database, write the table and show it."""
    rows: list[Row] = []
    with databases() as (folder, redis, urls):
        for name, fresh in urls.items():
            rows += list(call_rows(folder / name, redis, name, fresh()))
    sys.stdout.write(report.write("alert-call", COMMAND, [(TITLE, HEADINGS, rows)]))
    return 0


def call_rows(folder: Path, redis: RedisServer, name: str, url: str | None) -> Iterator[Row]:
    """One row for alerts that begin, one for those that are told again, one for those that end."""
    folder.mkdir()
    more = {"database_url": url} if url else {}
    env = environment(folder, redis.url, log_level="warning", queue_limit=100_000, **more)
    with (
        started(ServiceProcess(folder / "service.log", env)) as service,
        started(worker(folder, env, f"calls-{name.lower()}")),
        httpx2.Client(base_url=service.url, headers=AUTHORIZED, timeout=120) as client,
    ):
        for what, status in (
            ("new ones", "firing"),
            ("the same again", "firing"),
            ("their ends", "resolved"),
        ):
            meanwhile = JobsMeanwhile(service.url, f"{name}-{what.replace(' ', '-')}")
            with meanwhile:
                taken = [_call(client, status, number) for number in range(CALLS)]
            yield (name, what, *_seconds(taken), *meanwhile.row(), *_ended(client))


def _call(client: httpx2.Client, status: str, number: int) -> float:
    body = json.dumps(
        {"version": "4", "receiver": "watchroom", "status": status, "alerts": _alerts(status, number)}
    )
    began = time.perf_counter()
    answer = client.post(WEBHOOK, content=body, headers={"Content-Type": "application/json"})
    taken = time.perf_counter() - began
    if answer.status_code != httpx2.codes.OK or answer.json()["refused"]:
        raise RuntimeError(f"the webhook answered {answer.text[:200]!r}; expected that it keeps all")
    return taken


def _alerts(status: str, number: int) -> list[dict[str, object]]:
    ends = datetime.now(UTC).isoformat() if status == "resolved" else "0001-01-01T00:00:00Z"
    return [
        {
            "status": status,
            "labels": {
                "alertname": "ModuleDown",
                "severity": "critical",
                "module": f"{number}-{n}",
                "job": "ops",
            },
            "annotations": {"summary": f"Module {n} is down.", "description": "It refuses connections. " * 4},
            "startsAt": "2026-11-23T05:00:00Z",
            "endsAt": ends,
            "generatorURL": "http://127.0.0.1:9090/graph",
            "fingerprint": f"{number:08x}{n:08x}",
        }
        for n in range(ALERTS)
    ]


def _seconds(taken: list[float]) -> Row:
    return (str(len(taken)), f"{statistics.median(taken):.2f}", f"{max(taken):.2f}", f"{GOAL:g}")


def _ended(client: httpx2.Client) -> Row:
    """Jobs that have ended since the start of the service, and how often a job lost its worker."""
    samples = [line.rpartition(" ") for line in client.get("/metrics").text.splitlines() if line[0] != "#"]
    names = ("ops_service_jobs_ended_total", "ops_service_jobs_lost_total")
    return tuple(
        str(int(sum(float(value) for key, _, value in samples if key.startswith(name)))) for name in names
    )


@dataclass
class JobsMeanwhile:
    """A client that submits a job each `PAUSE` until it is told to stop."""

    url: str
    name: str
    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "JobsMeanwhile":
        self._thread = threading.Thread(target=self._submit_all, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()

    def _submit_all(self) -> None:
        with httpx2.Client(base_url=self.url, headers=AUTHORIZED, timeout=120) as client:
            while not self._stop.wait(PAUSE):
                began = time.perf_counter()
                answer = client.post(f"{JOBS}/ingest/http://127.0.0.1:9/{self.name}/{len(self.seconds)}")
                self.seconds.append(time.perf_counter() - began)
                self.refused += answer.status_code != httpx2.codes.OK

    def row(self) -> Row:
        """How many, the 95th percentile and the slowest in milliseconds, and how many were not accepted."""
        slow, slowest = quantile(self.seconds, 0.95), max(self.seconds)
        return (str(len(self.seconds)), f"{1000 * slow:.0f}", f"{1000 * slowest:.0f}", str(self.refused))


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m benchmarks.alert_call", description=__doc__).parse_args()
    sys.exit(main())
