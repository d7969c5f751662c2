"""`make run` on a system in trouble: monitoring goes on, and outages are reported."""

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
    """The address of a backend that accepts connections and never responds."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=200))
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def expect_monitoring(run: Watchroom) -> None:
    """The exporter is scraped and Prometheus evaluates."""
    eventually(lambda: run.targets()["exporter-fast"] == "up", within=25)
    assert run.read("ALERTMANAGER_PORT", "/-/ready").strip() == "OK"


def is_printed(run: Watchroom, sentence: str) -> bool:
    """Whether this line was printed below the table, with the time."""
    return re.search(rf"^\d\d:\d\d:\d\d  {re.escape(sentence)}$", run.output(), re.MULTILINE) is not None


def is_reported(run: Watchroom, source: str) -> bool:
    """Whether the summary or a change below it names this source as down."""
    summary, _, changes = run.output().partition("Not responding now: ")[2].partition("\n")
    return source in summary or f"{source}: does not respond" in changes


def is_firing(run: Watchroom, alert: str) -> bool:
    """Whether this alert fires."""
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
    expect_monitoring(run)
    eventually(lambda: is_firing(run, "RedisDown"), within=30)
    own_redis_server.start()
    for sentence in ("cache (REDIS_URL): responds again", "service: recovered", "service-worker: recovered"):
        eventually(partial(is_printed, run, sentence), within=40)
    assert run.ended() is None
    own_redis_server.freeze()
    eventually(lambda: "service: degraded: The queue's broker" in run.output(), within=20)
    own_redis_server.thaw()


def test_everything_may_be_frozen(
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
    # in the summary, or below it where it takes longer until it is certain
    for source in ("database (DATABASE_URL)", "cache (REDIS_URL)", "broker (CELERY_BROKER_URL)"):
        eventually(partial(is_reported, run, source), within=20)
    # three pings in seven seconds must fail before the backend counts as down
    eventually(partial(is_reported, run, "backend (BACKEND_URL)"), within=20)
    expect_monitoring(run)
    own_postgres_server.thaw()
    own_redis_server.thaw()
    for sentence in ("database (DATABASE_URL): responds again", "service: recovered"):
        eventually(partial(is_printed, run, sentence), within=40)
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
    expect_monitoring(run)
    assert run.get("SERVICE_PORT", "/-/ready")["status"] == "ready"
    assert "celery.broker_url begins with amqp://" in (run.run_dir / "logs" / "exporter.log").read_text()
