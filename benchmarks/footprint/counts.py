"""What the watched servers count by themselves: requests, processor time, transactions, commands."""

import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import httpx2
import psycopg
import redis
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.footprint.backend import WatchedBackend

TRANSACTIONS = "SELECT sum(xact_commit + xact_rollback) FROM pg_stat_database"
PATIENCE = 20.0


@dataclass(frozen=True)
class Counts:
    """Everything counted so far, and the moment (monotonic seconds)."""

    at: float
    requests: Mapping[str, float]
    cpu: float
    transactions: float
    commands: Mapping[str, float]


@dataclass(frozen=True)
class Rates:
    """Requests a minute by route, share of a core, transactions and commands a second."""

    requests: Mapping[str, float]
    cpu: float
    transactions: float
    commands: Mapping[str, float]


def read_counts(backend: WatchedBackend) -> Counts:
    """All counts now; RuntimeError where the backend does not answer any more."""
    requests = requests_of(backend)
    return Counts(time.monotonic(), requests, backend.cpu(), transactions_of(backend), commands_of(backend))


def rates_between(first: Counts, last: Counts, users: int, route: str) -> Rates:
    """What came to it from one moment to the other, less the users' own requests and our two readings."""
    seconds = last.at - first.at
    requests = Counter(last.requests)
    requests.subtract(first.requests)
    requests[route] -= users
    requests["/metrics"] -= 1
    commands = Counter(last.commands)
    commands.subtract(first.commands)
    return Rates(
        {name: 60 * count / seconds for name, count in requests.items() if count},
        100 * (last.cpu - first.cpu) / seconds,
        (last.transactions - first.transactions) / seconds,
        {name: count / seconds for name, count in commands.items() if count},
    )


def requests_of(backend: WatchedBackend) -> dict[str, float]:
    """Requests by route, from the backend's own page."""
    try:
        page = httpx2.get(f"{backend.url}/metrics", headers=backend.headers(), timeout=PATIENCE)
    except httpx2.HTTPError as error:
        raise RuntimeError(
            "the backend answers no more, so nothing can be counted; a dead one is shown by the row users, "
            "and --fault '' or --lift pool-deadlock measures one that lives"
        ) from error
    found: defaultdict[str, float] = defaultdict(float)
    for family in text_string_to_metric_families(page.text):
        for sample in family.samples:
            if sample.name == "http_requests_total":
                found[sample.labels["handler"]] += sample.value
    return dict(found)


def transactions_of(backend: WatchedBackend) -> float:
    """Transactions of all databases of its PostgreSQL."""
    address = backend.settings.database_address.replace("+psycopg", "")
    with psycopg.connect(address, connect_timeout=5, autocommit=True) as connection:
        row = connection.execute(TRANSACTIONS).fetchone()
    return float(row[0]) if row else 0.0


def commands_of(backend: WatchedBackend) -> dict[str, float]:
    """Commands of its Redis by name, but for our own INFO."""
    with redis.Redis.from_url(backend.settings.broker_url, socket_timeout=5) as client:
        info = client.info("commandstats")
    named = {name.removeprefix("cmdstat_"): float(it["calls"]) for name, it in info.items()}
    return {name: calls for name, calls in named.items() if name != "info"}
