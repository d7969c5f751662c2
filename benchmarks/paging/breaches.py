"""Every breach of the fast lane, caused where it would happen."""

import time
import urllib.request
from collections.abc import Callable

import httpx2
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from benchmarks.paging.trial import Breach
from benchmarks.paging.users import Users
from benchmarks.paging.watch import Watch
from tests.servers.processes import Server
from tests.servers.waiting import eventually

QUEUE = "celery"  # nobody consumes it, so that what is pushed stays
LEVEL = 100
HEARTBEATS = "celery_worker_last_heartbeat_timestamp_seconds"


class Stopwatch:
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


def quiet(watch: Watch, *alerts: str) -> Callable[[], bool]:
    """Whether none of these is pending, firing or being kept."""
    names = "|".join(alerts)
    return lambda: not watch.query(f'ALERTS{{alertname=~"{names}"}}')


def queue(watch: Watch) -> list[Breach]:
    """The 101st message."""
    clock = Stopwatch()
    client = redis.Redis.from_url(watch.redis.database(0), retry=Retry(NoBackoff(), 0))

    def fill() -> bool:
        client.ltrim(QUEUE, -LEVEL, -1)
        lacking = LEVEL - client.llen(QUEUE)
        if lacking:
            client.rpush(QUEUE, *["{}"] * lacking)
        length = f'fast:celery_queue_length{{queue_name="{QUEUE}"}}'
        return [value for _, value in watch.query(length)] == [LEVEL] and calm()

    calm = quiet_of(watch, f'ALERTS{{alertname="WorkerQueueLong",queue_name="{QUEUE}",severity="critical"}}')
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


def quiet_of(watch: Watch, selector: str) -> Callable[[], bool]:
    """Whether there is no such series."""
    return lambda: not watch.query(selector)


def pool(watch: Watch) -> list[Breach]:
    """Every connection of the pool is lent; it began when the backend's own count says so."""
    clock = Stopwatch()
    headers = {"Authorization": f"Bearer {watch.token()}"}

    def lent() -> bool:
        body = httpx2.get(watch.backend("/api/monitoring/db/pool"), headers=headers, timeout=5).json()["pool"]
        return bool(body["checked_out"] > 0.9 * body["total_capacity"])

    return [
        Breach(
            "pool: all connections are lent",
            critical("DatabasePoolFull"),
            clock.until(lambda: watch.fault("pool-exhausted"), lent),
            clock.at,
            lambda: watch.mend("pool-exhausted"),
            quiet(watch, "DatabasePoolFull"),
        )
    ]


def database(watch: Watch) -> list[Breach]:
    """PostgreSQL is killed."""
    clock = Stopwatch()
    return [
        Breach(
            "database: PostgreSQL is stopped",
            critical("DatabaseDown"),
            clock.after(watch.postgres.kill),
            clock.at,
            watch.postgres.start,
            quiet(watch, "DatabaseDown", "ModuleDown"),
            time.monotonic,
        )
    ]


def cache(watch: Watch) -> list[Breach]:
    """Redis is killed, which is cache and broker at once."""
    clock = Stopwatch()
    ready = quiet(watch, "RedisDown", "BrokerDown")
    cause, mend = clock.after(watch.redis.kill), watch.redis.start
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


def frozen(watch: Watch) -> list[list[Breach]]:
    """Servers that take connections and never answer: silence must last a second to be known as such."""
    kinds: tuple[tuple[str, str, Server], ...] = (
        ("database: PostgreSQL is frozen", "DatabaseDown", watch.postgres),
        ("Redis (cache): it is frozen", "RedisDown", watch.redis),
    )
    return [[freeze(watch, name, alert, server)] for name, alert, server in kinds]


def freeze(watch: Watch, name: str, alert: str, server: Server) -> Breach:
    """A server stopped where it stands."""
    clock = Stopwatch()
    ready = quiet(watch, "RedisDown", "BrokerDown", "DatabaseDown", "ModuleDown", "BackendDown")
    return Breach(name, critical(alert), clock.after(server.freeze), clock.at, server.thaw, ready)


def worker(watch: Watch, timeout: float) -> list[Breach]:
    """The only worker is killed; that begins to be so for us when its heartbeat is overdue."""
    killed = Stopwatch()

    def overdue() -> float:
        # its last word, on the exporter's clock, and as long as it may be silent
        with urllib.request.urlopen(page, timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        last = max(float(it.rpartition(" ")[2]) for it in lines if it.startswith(HEARTBEATS))
        return last + timeout - time.time() + time.monotonic()

    page = f"http://127.0.0.1:{watch.environment['EXPORTER_PORT']}/metrics?collect[]=workers.up"

    ready = lambda: quiet(watch, "NoWorker")() and [v for _, v in watch.query("min(ops_workers_up)")] == [1]  # noqa: E731  (one line, used once)
    cause, mend = killed.after(lambda: watch.fault("worker-killed")), lambda: watch.mend("worker-killed")
    alert = critical("NoWorker")
    return [
        Breach("worker: killed, from the overdue heartbeat", alert, cause, overdue, mend, ready),
        Breach(f"worker: the same, from the kill ({timeout:g} s of patience)", alert, cause, killed.at, mend),
    ]


def errors(watch: Watch, users: Users) -> list[Breach]:
    """Every request to a module ends in 500; the level is passed when more than 5 % of ten seconds did."""

    def cause() -> None:
        users.begin(0.05, 0.5)
        watch.fault("errors-in-module", module="taxonomy", share=1)

    mend = lambda: watch.mend("errors-in-module")  # noqa: E731  (one line, used thrice)
    ready = quiet_of(watch, 'ALERTS{alertname=~"ApiErrorsHigh|ModuleDown",module="taxonomy"}')
    high = critical("ApiErrorsHigh", module="taxonomy")
    down = critical("ModuleDown", module="taxonomy")
    return [
        Breach("error ratio: from passing 5 % of ten seconds", high, cause, moment(users, 0.05), mend, ready),
        Breach("error ratio: the same, from the first error", high, cause, first(users), mend, ready),
        Breach("module down: from passing half of ten seconds", down, cause, moment(users, 0.5), mend, ready),
    ]


def slow(watch: Watch, users: Users) -> list[Breach]:
    """Every request to a module takes 0.7 s; the level is that 5 % take over half a second."""

    def cause() -> None:
        users.begin(0.05)
        watch.fault("slow-module", module="scholarly", seconds=0.7)

    mend = lambda: watch.mend("slow-module")  # noqa: E731  (one line, used twice)
    ready = quiet_of(watch, 'ALERTS{alertname="ApiSlow",module="scholarly"}')
    alert = critical("ApiSlow", module="scholarly")
    return [
        Breach("response time: from passing 5 % over 0.5 s", alert, cause, moment(users, 0.05), mend, ready),
        Breach(
            "response time: the same, from the first slow answer", alert, cause, first(users), mend, ready
        ),
    ]


def moment(users: Users, level: float) -> Callable[[], float]:
    """When the users saw this level passed."""
    return lambda: users.crossed(level) or float("nan")


def first(users: Users) -> Callable[[], float]:
    """When the users got the first bad answer."""
    return lambda: users.first or float("nan")
