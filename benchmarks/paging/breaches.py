"""Every breach of the fast lane, caused where it would happen."""

import math
import time
import urllib.request
from collections.abc import Callable

import httpx2
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from benchmarks.paging.testbed import Testbed
from benchmarks.paging.trial import Breach
from benchmarks.paging.users import Users
from tests.servers.processes import Server
from tests.servers.waiting import eventually

QUEUE = "celery"  # nobody consumes it, so that what is pushed stays
LEVEL = 100
HEARTBEATS = "celery_worker_last_heartbeat_timestamp_seconds"


class BreachTime:
    """The moment at which something was done."""

    def __init__(self) -> None:
        self._at = 0.0

    def at(self) -> float:
        """That moment."""
        return self._at

    def after(self, act: Callable[[], object]) -> Callable[[], object]:
        """The same act, with its moment taken just before it."""

        def timed() -> None:
            self._at = time.monotonic()
            act()

        return timed

    def until(self, act: Callable[[], object], seen: Callable[[], bool]) -> Callable[[], object]:
        """The same act, with the moment at which its effect is seen."""

        def timed() -> None:
            act()
            eventually(seen, within=20)
            self._at = time.monotonic()

        return timed


def critical(alert: str, **labels: str) -> dict[str, str]:
    """The labels of a page."""
    return {"alertname": alert, "severity": "critical", **labels}


def quiet(testbed: Testbed, *alerts: str) -> Callable[[], bool]:
    """Whether none of these is pending, firing or being kept."""
    names = "|".join(alerts)
    return lambda: not testbed.query(f'ALERTS{{alertname=~"{names}"}}')


def queue(testbed: Testbed) -> list[Breach]:
    """The 101st message."""
    clock = BreachTime()
    client = redis.Redis.from_url(testbed.redis.database(0), retry=Retry(NoBackoff(), 0))

    def fill() -> bool:
        client.ltrim(QUEUE, -LEVEL, -1)
        lacking = LEVEL - client.llen(QUEUE)
        if lacking:
            client.rpush(QUEUE, *["{}"] * lacking)
        length = f'fast:ops_queue_sustained_length{{queue_name="{QUEUE}"}}'
        return [value for _, value in testbed.query(length)] == [LEVEL] and calm()

    calm = quiet_of(
        testbed, f'ALERTS{{alertname="WorkerQueueLong",queue_name="{QUEUE}",severity="critical"}}'
    )
    return [
        Breach(
            "queue: the 101st message is pushed",
            critical("WorkerQueueLong", queue_name=QUEUE),
            clock.after(lambda: client.rpush(QUEUE, "{}")),
            clock.at,
            lambda: client.ltrim(QUEUE, -LEVEL, -1),
            fill,
        )
    ]


def quiet_of(testbed: Testbed, selector: str) -> Callable[[], bool]:
    """Whether there is no such series."""
    return lambda: not testbed.query(selector)


def pool(testbed: Testbed) -> list[Breach]:
    """Every connection of the pool is lent; it began when the backend's own count says so."""
    clock = BreachTime()
    headers = {"Authorization": f"Bearer {testbed.token()}"}

    def lent() -> bool:
        body = httpx2.get(testbed.backend("/api/monitoring/db/pool"), headers=headers, timeout=5).json()[
            "pool"
        ]
        return bool(body["checked_out"] > 0.9 * body["total_capacity"])

    return [
        Breach(
            "pool: all connections are lent",
            critical("DatabasePoolFull"),
            clock.until(lambda: testbed.fault("pool-exhausted"), lent),
            clock.at,
            lambda: testbed.mend("pool-exhausted"),
            quiet(testbed, "DatabasePoolFull"),
        )
    ]


def database(testbed: Testbed) -> list[Breach]:
    """PostgreSQL is killed."""
    clock = BreachTime()
    return [
        Breach(
            "database: PostgreSQL is stopped",
            critical("DatabaseDown"),
            clock.after(testbed.postgres.kill),
            clock.at,
            testbed.postgres.start,
            quiet(testbed, "DatabaseDown", "ModuleDown"),
            time.monotonic,
        )
    ]


def cache(testbed: Testbed) -> list[Breach]:
    """Redis is killed, which is cache and broker at once."""
    clock = BreachTime()
    ready = quiet(testbed, "RedisDown", "BrokerDown")
    cause, mend = clock.after(testbed.redis.kill), testbed.redis.start
    return [
        Breach(
            "Redis (cache): it is stopped",
            critical("RedisDown"),
            cause,
            clock.at,
            mend,
            ready,
            time.monotonic,
        ),
        Breach("Redis (broker): it is stopped", critical("BrokerDown"), cause, clock.at, mend, ready),
    ]


def frozen(testbed: Testbed) -> list[list[Breach]]:
    """Servers that take connections and never answer: silence must last a second to be known as such."""
    kinds: tuple[tuple[str, str, Server], ...] = (
        ("database: PostgreSQL is frozen", "DatabaseDown", testbed.postgres),
        ("Redis (cache): it is frozen", "RedisDown", testbed.redis),
    )
    return [[freeze(testbed, name, alert, server)] for name, alert, server in kinds]


def freeze(testbed: Testbed, name: str, alert: str, server: Server) -> Breach:
    """A server stopped where it stands."""
    clock = BreachTime()
    ready = quiet(testbed, "RedisDown", "BrokerDown", "DatabaseDown", "ModuleDown", "BackendDown")
    return Breach(name, critical(alert), clock.after(server.freeze), clock.at, server.thaw, ready)


def worker(testbed: Testbed, timeout: float) -> list[Breach]:
    """The only worker is killed; that begins to be so for us when its heartbeat is overdue."""
    killed = BreachTime()

    def overdue() -> float:
        # its last word, on the exporter's clock, and as long as it may be silent
        with urllib.request.urlopen(page, timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        last = max(float(it.rpartition(" ")[2]) for it in lines if it.startswith(HEARTBEATS))
        return last + timeout - time.time() + time.monotonic()

    page = f"http://127.0.0.1:{testbed.environment['EXPORTER_PORT']}/metrics?collect[]=workers.up"

    def is_ready() -> bool:
        workers = [value for _, value in testbed.query("min(ops_workers_up)")]
        return quiet(testbed, "NoWorker")() and workers == [1]

    cause, mend = killed.after(lambda: testbed.fault("worker-killed")), lambda: testbed.mend("worker-killed")
    name = f"worker: killed; significant when its heartbeat is overdue ({timeout:g} s)"
    return [Breach(name, critical("NoWorker"), cause, overdue, mend, is_ready, first=killed.at)]


def errors(testbed: Testbed, users: Users) -> list[Breach]:
    """Every request to a module ends in 500, until more than 5 % and half of ten seconds surely did."""

    def cause() -> None:
        users.begin(0.05, 0.5)
        testbed.fault("errors-in-module", module="taxonomy", share=1)

    mend = lambda: testbed.mend("errors-in-module")  # noqa: E731  (one line, used thrice)
    ready = quiet_of(testbed, 'ALERTS{alertname=~"ApiErrorsHigh|ModuleDown",module="taxonomy"}')
    return [
        Breach(
            name,
            critical(alert, module="taxonomy"),
            cause,
            moment(users, level),
            mend,
            ready,
            first=first(users),
        )
        for name, alert, level in (
            ("error ratio: more than 5 % of ten seconds", "ApiErrorsHigh", 0.05),
            ("module down: more than half of ten seconds", "ModuleDown", 0.5),
        )
    ]


def slow(testbed: Testbed, users: Users) -> list[Breach]:
    """Every request to a module takes 0.7 s; the level is that 5 % take over half a second."""

    def cause() -> None:
        users.begin(0.05)
        testbed.fault("slow-module", module="scholarly", seconds=0.7)

    mend = lambda: testbed.mend("slow-module")  # noqa: E731  (one line)
    ready = quiet_of(testbed, 'ALERTS{alertname="ApiSlow",module="scholarly"}')
    alert = critical("ApiSlow", module="scholarly")
    name = "response time: more than 5 % over 0.5 s"
    return [Breach(name, alert, cause, moment(users, 0.05), mend, ready, first=first(users))]


def moment(users: Users, level: float) -> Callable[[], float]:
    """When the users' responses proved that this level is passed, which may be a little after the page.

    Raises AssertionError where they never do: such a page is false.
    """
    return lambda: eventually(lambda: users.passed(level), within=5) or math.nan


def first(users: Users) -> Callable[[], float]:
    """When the users got the first bad answer."""
    return lambda: users.first or math.nan
