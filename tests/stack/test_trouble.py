"""`make run` on a system in trouble: the watch goes on, and says what is away."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from stack import ingestion
from tests.servers.postgres_server import PostgresServer
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually
from tests.stack.conftest import StartRun
from tests.stack.watchroom import Watchroom

NO_BROKER = "degraded: The queue's broker does not answer"
FIRING = "/api/v1/query?query=ALERTS{alertstate=%22firing%22}"


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a backend that accepts connections and never answers, as one that is frozen."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=200))
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def watches(run: Watchroom) -> None:
    """The exporter is scraped and Prometheus evaluates."""
    eventually(lambda: run.targets()["exporter-fast"] == "up", within=25)
    assert run.read("ALERTMANAGER_PORT", "/-/ready").strip() == "OK"


def tells(run: Watchroom, said: str) -> bool:
    """Whether this was printed below the table, with the time."""
    return re.search(rf"^\d\d:\d\d:\d\d  {re.escape(said)}$", run.output(), re.MULTILINE) is not None


def fires(run: Watchroom, alert: str) -> bool:
    """Whether Prometheus raises this alert."""
    found = run.get("PROMETHEUS_PORT", FIRING)["data"]["result"]
    return alert in {it["metric"]["alertname"] for it in found}


def test_a_redis_that_is_down_is_named_and_its_return_too(
    watchroom: StartRun, own_redis_server: RedisServer, free_port: Callable[[], int]
) -> None:
    own_redis_server.kill()
    run = watchroom(
        BACKEND_URL=f"http://127.0.0.1:{free_port()}",
        REDIS_URL=own_redis_server.database(2),
        CELERY_BROKER_URL=own_redis_server.database(0),
    )
    began = time.monotonic()
    run.start()
    assert time.monotonic() - began < 40
    table = run.output()
    assert NO_BROKER in table
    assert (
        "Not responding now: backend (BACKEND_URL), cache (REDIS_URL), broker (CELERY_BROKER_URL)." in table
    )
    watches(run)
    eventually(lambda: fires(run, "RedisDown"), within=30)
    own_redis_server.start()
    for said in ("cache (REDIS_URL): responds again", "service: recovered", "service-worker: recovered"):
        eventually(partial(tells, run, said), within=40)
    assert run.ended() is None
    own_redis_server.freeze()
    eventually(lambda: "service: degraded: The queue's broker" in run.output(), within=20)
    own_redis_server.thaw()


def test_all_of_it_may_be_frozen(
    watchroom: StartRun, own_redis_server: RedisServer, own_postgres_server: PostgresServer, silent: str
) -> None:
    database = own_postgres_server.fresh_database()
    own_postgres_server.freeze()
    own_redis_server.freeze()
    run = watchroom(
        BACKEND_URL=silent,
        DATABASE_URL=database,
        REDIS_URL=own_redis_server.database(2),
        CELERY_BROKER_URL=own_redis_server.database(0),
        SERVICE_DATABASE_URL=database,
    )
    run.start()
    table = run.output()
    assert "degraded: The service's database does not answer" in table
    for source in ("database", "cache", "broker"):
        assert source in table.partition("Not responding now: ")[2]
    # the backend's silence is believed after three pings, which take seven seconds
    eventually(partial(tells, run, "backend (BACKEND_URL): does not respond"), within=20)
    watches(run)
    own_postgres_server.thaw()
    own_redis_server.thaw()
    for said in ("database (DATABASE_URL): responds again", "service: recovered"):
        eventually(partial(tells, run, said), within=40)
    assert run.ended() is None


def test_a_broker_that_is_no_redis_costs_only_the_workers(
    watchroom: StartRun, own_redis_server: RedisServer, free_port: Callable[[], int]
) -> None:
    run = watchroom(
        BACKEND_URL=f"http://127.0.0.1:{free_port()}",
        REDIS_URL=own_redis_server.database(2),
        CELERY_BROKER_URL="amqp://guest:never-shown@127.0.0.1:5672//",
    )
    run.start()
    assert ingestion.NO_WORKER_ROW[2] in run.output()
    assert "never-shown" not in run.output()
    watches(run)
    assert run.get("SERVICE_PORT", "/-/ready")["status"] == "ready"
    assert "celery.broker_url begins with amqp://" in (run.run_dir / "logs" / "exporter.log").read_text()
