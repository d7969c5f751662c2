"""Outages while every process of the stack runs: polled, reported in the summary, and on every change."""

import http.client
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread
from urllib.parse import urlsplit

from stack.process_spec import ProcessSpec
from stack.readiness import is_responding

TIMEOUT = 6.0  # seconds; a service notices a frozen dependency within two to five
POLL_INTERVAL = 2.0
FIRST_POLL_INTERVAL = 0.2  # until the first report
MAX_DETAIL = 500  # characters
# the exporter's metric of each dependency of the target system: its name, and the setting that names it
TARGET_METRICS: Mapping[str, tuple[str, str]] = {
    "ops_backend_up": ("backend", "BACKEND_URL"),
    "ops_database_up": ("database", "DATABASE_URL"),
    "redis_up": ("cache", "REDIS_URL"),
    "ops_broker_up": ("broker", "CELERY_BROKER_URL"),
    "ops_ingestion_redis_up": ("ingestion queue", "INGESTION_REDIS_URL"),
}
PARTS = ("api.up", "database.ping", "cache.ping", "workers.up", "ingestion.ping")
SAMPLE = re.compile(rf"^({'|'.join(TARGET_METRICS)}) ([01])(?:\.0)?$", re.MULTILINE)


@dataclass(frozen=True)
class Outage:
    """What does not work, as reported by which part, and the messages about it and about its recovery."""

    part: str
    subject: str
    message: str
    recovery: str


Outages = tuple[Outage, ...] | None  # None: unknown


@dataclass(frozen=True)
class HealthCheck:
    """A part whose dependencies may be down."""

    name: str
    find_outages: Callable[[], Outages]
    settle_seconds: float = 3.0
    awaited: bool = True  # whether the first report waits until this part has settled


def health_checks(processes: Sequence[ProcessSpec], exporter_url: str) -> list[HealthCheck]:
    """The checks of these processes, and of the target system as the exporter observes it."""
    own = [
        HealthCheck(it.name, degradation_check(it), it.settle_seconds) for it in processes if it.health_url
    ]
    optional = [HealthCheck(it.name, presence_check(it), awaited=False) for it in processes if it.optional]
    return [*own, *optional, HealthCheck("target", lambda: read_target_outages(exporter_url))]


def degradation_check(process: ProcessSpec) -> Callable[[], Outages]:
    """A check that reads from a process which dependency is missing."""

    def read() -> Outages:
        detail = read_degradation(process.health_url)
        if not detail:
            return None if detail is None else ()
        return (Outage(process.name, process.name, f"degraded: {detail}", "recovered"),)

    return read


def presence_check(process: ProcessSpec) -> Callable[[], Outages]:
    """A check whether an optional process responds; its status file tells why it does not."""

    def read() -> Outages:
        if is_responding(process.ready_url):
            return ()
        return (Outage(process.name, process.name, read_status(process), f"is ready at {process.url}"),)

    return read


def read_status(process: ProcessSpec) -> str:
    """The sentence in the status file of an optional process that does not respond."""
    try:
        status = process.status_file.read_text() if process.status_file else ""
    except OSError:
        status = ""
    return status or "does not respond"


def read_degradation(url: str) -> str | None:
    """The missing dependency that a health route names; empty when healthy, None when unknown."""
    try:
        status, body = fetch(url)
        report = json.loads(body)
    except (OSError, http.client.HTTPException, ValueError):
        return None
    healthy = 200 <= status < 300 and isinstance(report, dict) and report.get("status") != "degraded"
    detail = report.get("detail") if isinstance(report, dict) else None
    return "" if healthy else " ".join(str(detail or f"it responds with {status}").split())[:MAX_DETAIL]


def read_target_outages(exporter_url: str) -> Outages:
    """What the exporter observes to be down; None without a response, and where it requires a token."""
    query = "&".join(f"collect[]={part}" for part in PARTS)
    try:
        status, body = fetch(f"{exporter_url}/metrics?{query}")
    except (OSError, http.client.HTTPException):
        return None
    if status != 200:
        return None
    zeros = {name for name, value in SAMPLE.findall(body.decode(errors="replace")) if value == "0"}
    if "ops_broker_up" in zeros:
        zeros.discard("ops_ingestion_redis_up")  # mostly the same server, which is reported once
    down = [TARGET_METRICS[name] for name in TARGET_METRICS if name in zeros]
    return tuple(
        Outage(name, f"{name} ({setting})", "does not respond", "responds again") for name, setting in down
    )


def fetch(url: str) -> tuple[int, bytes]:
    """Status and body of an http:// URL. Raises OSError and HTTPException."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=TIMEOUT)
    try:
        connection.request("GET", f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}")
        response = connection.getresponse()
        return response.status, response.read(100_000)
    finally:
        connection.close()


class HealthMonitor(Thread):
    """Runs the checks once all processes are ready, and queues a sentence for every change."""

    def __init__(self, checks: Sequence[HealthCheck], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(name="health", daemon=True)
        self._checks = checks
        self._clock = clock
        self._started_at = 0.0
        self._results: dict[str, tuple[Outage, ...]] = {}
        self._reported: dict[str, Outage] | None = None
        self._previous: dict[str, Outage] = {}
        self._changes: SimpleQueue[str] = SimpleQueue()
        self._stopped = Event()
        self.settled = Event()

    def start(self) -> None:
        """Start once; the time in which a degraded part settles begins now."""
        self._started_at = self._clock()
        super().start()

    def run(self) -> None:
        """Run the checks until stopped."""
        while not self._stopped.is_set():
            self.run_checks()
            self._stopped.wait(POLL_INTERVAL if self._reported is not None else FIRST_POLL_INTERVAL)

    def stop(self) -> None:
        """Run no further check."""
        self._stopped.set()

    def run_checks(self) -> None:
        """Run every check once."""
        for check in self._checks:
            found = check.find_outages()
            if found is not None:
                self._results[check.name] = found
        if self._reported is not None:
            self._queue_changes(self.outages())
        elif self._has_settled():
            self.settled.set()

    def outages(self) -> dict[str, Outage]:
        """The outages as of the last checks, by subject."""
        return {it.subject: it for found in self._results.values() for it in found}

    def report(self) -> list[Outage]:
        """The outages now; from now on `changes` reports what changes."""
        self._reported = self._previous = self.outages()
        return list(self._reported.values())

    def changes(self) -> Iterator[str]:
        """The sentences about changes since the last call."""
        while True:
            try:
                yield self._changes.get_nowait()
            except Empty:
                return

    def _has_settled(self) -> bool:
        unsettled = [
            check.settle_seconds
            for check in self._checks
            if check.awaited and self._results.get(check.name) != ()
        ]  # degraded, or unknown
        return not unsettled or self._clock() - self._started_at >= min(unsettled)

    def _queue_changes(self, now: dict[str, Outage]) -> None:
        """Queue a sentence for each outage that two rounds found, and for each that ended."""
        reported = dict(self._reported or {})
        for it in (reported[subject] for subject in reported.keys() - now.keys()):
            self._changes.put(f"{it.subject}: {it.recovery}")
        for subject in now.keys() & self._previous.keys():
            it = now[subject]
            # another reason for a known outage counts once two rounds agree on it
            if it != reported.get(subject) and (subject not in reported or it == self._previous[subject]):
                self._changes.put(f"{it.subject}: {it.message}")
                reported[subject] = it
        self._reported = {subject: it for subject, it in reported.items() if subject in now}
        self._previous = now
