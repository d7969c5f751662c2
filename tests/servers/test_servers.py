"""The servers that other tests stand on do what their words say."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.servers import ports
from tests.servers.fixtures import StartAlertmanager, StartCeleryWorker, StartPrometheus, StartServer
from tests.servers.postgres_server import PostgresServer, plain
from tests.servers.processes import state, tree
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

SELF = "scrape_configs: [{job_name: self, scrape_interval: 100ms, scrape_timeout: 100ms, static_configs: []}]"
NULL_ROUTE = {"route": {"receiver": "none"}, "receivers": [{"name": "none"}]}


def test_no_port_is_given_twice_on_this_machine() -> None:
    count = "import tests.servers.ports as p; print(*[p.free_port() for _ in range(200)]); input()"
    with subprocess.Popen(
        [sys.executable, "-c", count], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        theirs = set(map(int, other.stdout.readline().split()))
        ours = {ports.free_port() for _ in range(200)}
        other.communicate("\n")
    assert len(theirs) == len(ours) == 200
    assert not theirs & ours


def test_redis_freezes_thaws_stops_and_starts_again(own_redis_server: RedisServer) -> None:
    client = redis.Redis(port=own_redis_server.port, socket_timeout=0.2, retry=Retry(NoBackoff(), 0))
    assert client.ping()
    own_redis_server.freeze()
    with pytest.raises(redis.TimeoutError):
        client.ping()
    own_redis_server.thaw()
    assert eventually(client.ping)
    own_redis_server.stop()
    with pytest.raises(redis.ConnectionError):
        client.ping()
    own_redis_server.start()
    assert client.ping()
    client.close()


def test_redis_flush_forgets_every_database(redis_server: RedisServer) -> None:
    with redis_server.client(2) as client:
        client.set("key", "value")
        redis_server.flush()
        assert client.dbsize() == 0


def test_postgres_freezes_with_all_its_children(own_postgres_server: PostgresServer) -> None:
    with psycopg.connect(plain(own_postgres_server.url)):
        own_postgres_server.freeze()
        states = {state(pid) for pid in tree(own_postgres_server.pid)}
        own_postgres_server.thaw()
    assert states == {"T"}
    with psycopg.connect(plain(own_postgres_server.url)) as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_postgres_keeps_its_data_over_a_restart(own_postgres_server: PostgresServer) -> None:
    database = plain(own_postgres_server.fresh_database())
    with psycopg.connect(database) as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
    own_postgres_server.kill()
    own_postgres_server.start()
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT count(*) FROM pg_stat_statements").fetchall()
    assert rows[0][0] > 0


def test_fresh_databases_do_not_meet(postgres_server: PostgresServer) -> None:
    first, second = postgres_server.fresh_database(), postgres_server.fresh_database()
    assert first != second


def test_prometheus_answers_queries(prometheus: StartPrometheus) -> None:
    server = prometheus(SELF)
    assert server.query("vector(3)")[0]["value"][1] == "3"


def test_alertmanager_is_ready_at_once(alertmanager: StartAlertmanager) -> None:
    assert alertmanager(NULL_ROUTE).get("/api/v2/status")["cluster"]["status"] == "disabled"


def test_a_celery_worker_does_a_task(celery_worker: StartCeleryWorker, redis_server: RedisServer) -> None:
    worker = celery_worker("tests.servers.small_app", {"CELERY_BROKER_URL": redis_server.database(9)})
    children = tree(worker.pid)
    send = "from tests.servers.small_app import double; print(double.delay(21).get(timeout=10))"
    environment = {**os.environ, "CELERY_BROKER_URL": redis_server.database(9)}
    answer = subprocess.run([sys.executable, "-c", send], env=environment, capture_output=True, check=True)
    assert answer.stdout == b"42\n"
    worker.stop()
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def test_a_server_that_ends_while_starting_says_why(start_server: StartServer) -> None:
    with pytest.raises(RuntimeError, match=r"redis-server ended while starting:\n(?s:.*)nonsense"):
        start_server("redis-server", "--nonsense", "1", ready=lambda: False)


def test_eventually_tells_what_it_saw_last() -> None:
    begun = time.monotonic()
    with pytest.raises(AssertionError, match=r"not true within 0.1 s; last seen: \[\]"):
        eventually(list, within=0.1)
    assert time.monotonic() - begun < 1
