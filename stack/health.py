"""Which dependencies are away, although every process of the stack runs: asked again and again."""

import http.client
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread
from urllib.parse import urlsplit

from stack.probe import is_responding
from stack.process_spec import ProcessSpec

TIMEOUT = 6.0  # seconds; a dependency that is frozen is noticed by those who need it within two to five
PERIOD = 2.0
MAX_DETAIL = 500  # characters of an answer that are shown
# what the exporter observes of the watched system: its metric, and how a person calls it
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
    """Something that does not work now: who says so, what it is about, and what is said then and later."""

    name: str
    about: str
    sentence: str
    recovered: str


Outages = tuple[Outage, ...] | None  # None where it is not known


@dataclass(frozen=True)
class HealthCheck:
    """A part whose dependencies may be away."""

    name: str
    missing: Callable[[], Outages]
    settle_seconds: float = 3.0
    awaited: bool = True  # whether the table waits until this part has settled


def health_checks(services: Sequence[ProcessSpec], exporter: str) -> list[HealthCheck]:
    """The checks of these services, and of the watched system as the exporter at this address observes it."""
    own = [HealthCheck(it.name, degradation_reader(it), it.settle_seconds) for it in services if it.health]
    optional = [HealthCheck(it.name, optional_reader(it), awaited=False) for it in services if it.optional]
    return [*own, *optional, HealthCheck("watched", lambda: read_target_outages(exporter))]


def degradation_reader(service: ProcessSpec) -> Callable[[], Outages]:
    """A function that reads what this service lacks."""

    def read() -> Outages:
        sentence = read_degradation(service.health)
        if not sentence:
            return None if sentence is None else ()
        return (Outage(service.name, service.name, f"degraded: {sentence}", "recovered"),)

    return read


def optional_reader(service: ProcessSpec) -> Callable[[], Outages]:
    """A function that reads whether this service is there, and else why not."""

    def read() -> Outages:
        if is_responding(service.ready):
            return ()
        return (Outage(service.name, service.name, status_text(service), f"is ready at {service.url}"),)

    return read


def status_text(service: ProcessSpec) -> str:
    """What an optional service says of itself while it is not ready."""
    try:
        said = service.status_file.read_text() if service.status_file else ""
    except OSError:
        said = ""
    return said or "does not respond"


def read_degradation(address: str) -> str | None:
    """The sentence with which an address says what is missing; empty when nothing is, None when unknown."""
    try:
        status, body = fetch(address)
        said = json.loads(body)
    except (OSError, http.client.HTTPException, ValueError):
        return None
    whole = 200 <= status < 300 and isinstance(said, dict) and said.get("status") != "degraded"
    detail = said.get("detail") if isinstance(said, dict) else None
    return "" if whole else " ".join(str(detail or f"it answers {status}").split())[:MAX_DETAIL]


def read_target_outages(exporter: str) -> Outages:
    """What the exporter observes to be away; None when it does not answer, or not without a token."""
    query = "&".join(f"collect[]={part}" for part in PARTS)
    try:
        status, body = fetch(f"{exporter}/metrics?{query}")
    except (OSError, http.client.HTTPException):
        return None
    if status != 200:
        return None
    zeros = {name for name, value in SAMPLE.findall(body.decode(errors="replace")) if value == "0"}
    if "ops_broker_up" in zeros:
        zeros.discard("ops_ingestion_redis_up")  # mostly the same server, which is told once
    down = [TARGET_METRICS[name] for name in TARGET_METRICS if name in zeros]
    return tuple(
        Outage(name, f"{name} ({setting})", "does not respond", "responds again") for name, setting in down
    )


def fetch(address: str) -> tuple[int, bytes]:
    """Status and body of an http:// address."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=TIMEOUT)
    try:
        connection.request("GET", f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}")
        response = connection.getresponse()
        return response.status, response.read(100_000)
    finally:
        connection.close()


class HealthMonitor(Thread):
    """Runs the checks from the moment on at which all processes are ready, and tells what changes."""

    def __init__(self, checks: Sequence[HealthCheck], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(name="health", daemon=True)
        self._checks = checks
        self._clock = clock
        self._began = 0.0
        self._seen: dict[str, tuple[Outage, ...]] = {}
        self._told: dict[str, Outage] | None = None
        self._before: dict[str, Outage] = {}
        self._changes: SimpleQueue[str] = SimpleQueue()
        self._stopped = Event()
        self.settled = Event()

    def start(self) -> None:
        """Begin, once; the time until a degraded part has settled runs from now on."""
        self._began = self._clock()
        super().start()

    def run(self) -> None:
        """Ask in turn until told to stop."""
        while not self._stopped.is_set():
            self.round()
            self._stopped.wait(PERIOD if self._told is not None else 0.2)

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()

    def round(self) -> None:
        """Run every check once."""
        for check in self._checks:
            found = check.missing()
            if found is not None:
                self._seen[check.name] = found
        if self._told is not None:
            self._compare(self.missing())
        elif self._has_settled():
            self.settled.set()

    def missing(self) -> dict[str, Outage]:
        """What is away now, by what it is about."""
        return {it.about: it for found in self._seen.values() for it in found}

    def tell(self) -> list[Outage]:
        """What is away now; from now on only changes are told."""
        self._told = self._before = self.missing()
        return list(self._told.values())

    def changes(self) -> Iterator[str]:
        """The sentences about what has changed since the last call."""
        while True:
            try:
                yield self._changes.get_nowait()
            except Empty:
                return

    def _has_settled(self) -> bool:
        unsettled = [
            check.settle_seconds
            for check in self._checks
            if check.awaited and self._seen.get(check.name) != ()
        ]  # degraded, or not known yet
        return not unsettled or self._clock() - self._began >= min(unsettled)

    def _compare(self, now: dict[str, Outage]) -> None:
        """Tell what is away for two rounds in a row, and what is no longer away."""
        told = dict(self._told or {})
        for it in (told[about] for about in told.keys() - now.keys()):
            self._changes.put(f"{it.about}: {it.recovered}")
        for about in now.keys() & self._before.keys():
            it = now[about]
            if it != told.get(about) and (about not in told or it == self._before[about]):
                self._changes.put(f"{it.about}: {it.sentence}")
                told[about] = it
        self._told = {about: it for about, it in told.items() if about in now}
        self._before = now
