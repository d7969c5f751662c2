"""The cache server as it tells of itself, through real connections of every kind."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.exporter.backend_double import BackendDouble
from tests.exporter.exporter_page import Page, watching
from tests.servers.fixtures import StartServer
from tests.servers.ports import free_port
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

SERVER, MEMORY = "cache.server", "cache.memory"


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[redis.Redis]:
    """A connection to an empty cache."""
    redis_server.flush()
    with redis_server.client() as connection:
        yield connection


@pytest.fixture
def narrow(redis_server: RedisServer) -> Iterator[str]:
    """The URL of a user who may do next to nothing."""
    with redis_server.client() as connection:
        connection.acl_setuser(
            "narrow", True, passwords=["+pass-word"], keys=["*"], commands=["+ping"], reset=True
        )
        yield f"redis://narrow:pass-word@127.0.0.1:{redis_server.port}/0"
        connection.acl_deluser("narrow")


def said_of(url: str, caplog: pytest.LogCaptureFixture, up: int | None = 0, **more: Any) -> str:
    """What the exporter logs of this server, which is down, or unknown where the way to it is wrong."""
    with watching(redis={"url": url, "timeout": 0.5}, **more) as exporter:
        page = exporter.page("cache.ping", SERVER)
    assert page.value("redis_up") == up
    assert page.value("ops_collector_success", collector=SERVER) == 0
    return caplog.text


def test_what_info_tells_has_the_names_that_dashboards_know(
    redis_server: RedisServer, client: redis.Redis
) -> None:
    client.set("a", 1)
    client.set("b", 2, ex=100)
    client.get("a")
    client.get("nothing")
    with pytest.raises(redis.ResponseError):
        client.lpush("a", 1)
    # without a pass over the keys, whose MEMORY USAGE the server counts as hits
    with watching(redis={"url": redis_server.url, "keys_sample": 0}) as exporter:
        page = exporter.page("cache.ping", SERVER)
    assert page.value("redis_up") == 1
    assert page.value("redis_keyspace_hits_total") == 1
    assert page.value("redis_keyspace_misses_total") == 1
    assert page.value("redis_db_keys", db="db0") == 2
    assert page.value("redis_db_keys_expiring", db="db0") == 1
    assert page.value("redis_commands_total", cmd="set") == 2
    assert page.value("redis_commands_failed_calls_total", cmd="lpush") == 1
    assert page.value("redis_errors_total", err="WRONGTYPE") == 1
    assert page.value("redis_latency_percentiles_usec_count", cmd="get") == 2
    assert page.value("redis_latency_percentiles_usec", cmd="get", quantile="0.999") is not None
    assert page.value("redis_instance_info", role="master", redis_mode="standalone") == 1
    assert page.value("redis_memory_used_bytes") == pytest.approx(client.info()["used_memory"], rel=0.3)
    started = client.info()["server_time_usec"] / 1e6 - client.info()["uptime_in_seconds"]
    assert page.value("redis_start_time_seconds") == pytest.approx(started, abs=2)


def test_the_mean_time_left_is_told_once_the_server_knows_it(own_redis_server: RedisServer) -> None:
    with own_redis_server.client() as client:
        client.set("a", 1, ex=100)
    with watching(redis={"url": own_redis_server.url, "server_period": 0.01}) as exporter:
        left = eventually(lambda: exporter.page(SERVER).value("redis_db_avg_ttl_seconds", db="db0"))
    assert left == pytest.approx(100, abs=6)


def test_no_limit_of_memory_is_no_ratio(redis_server: RedisServer, client: redis.Redis) -> None:
    with watching(redis={"url": redis_server.url, "server_period": 0.01}) as exporter:
        page = exporter.page(SERVER, MEMORY)
        assert page.value("redis_memory_max_bytes") == 0
        assert page.series("ops_cache_memory_use_ratio") == []
        client.config_set("maxmemory", 100_000_000)
        ratio = eventually(lambda: exporter.page(MEMORY).value("ops_cache_memory_use_ratio"))
        client.config_set("maxmemory", 0)
    assert ratio == pytest.approx(client.info()["used_memory"] / 100_000_000, rel=0.3)


def test_slow_commands_and_spikes_are_told(redis_server: RedisServer, client: redis.Redis) -> None:
    client.slowlog_reset()
    client.config_set("latency-monitor-threshold", 1)
    client.config_set("slowlog-log-slower-than", 1000)
    client.eval("for i = 1, 3000000 do end", 0)
    client.config_set("latency-monitor-threshold", 0)
    with watching(redis={"url": redis_server.url}) as exporter:
        page = exporter.page("cache.slow")
    assert (page.value("redis_slowlog_length") or 0) >= 1
    assert page.value("redis_slowlog_last_id") is not None
    assert 0.001 < (page.value("redis_last_slow_execution_duration_seconds") or 0) < 5
    assert 0.001 < (page.value("redis_latency_spike_duration_seconds", event_name="command") or 0) < 5


def test_latencies_are_told_on_request_as_the_server_counts_them(
    redis_server: RedisServer, client: redis.Redis
) -> None:
    for number in range(20):
        client.set(f"key:{number}", number)
    with watching(redis={"url": redis_server.url, "server_period": 0.01}) as exporter:
        assert exporter.page().series("redis_commands_latencies_usec_count") == []
        page = exporter.page("cache.latencies")
    (told,) = client.execute_command("LATENCY", "HISTOGRAM", "set").values()  # type: ignore[no-untyped-call]
    buckets = page.series("redis_commands_latencies_usec_bucket", cmd="set")
    assert [value for labels, value in buckets if labels["le"] == "+Inf"] == [told["calls"]]
    assert {float(labels["le"]): value for labels, value in buckets[:-1]} == told["histogram_usec"]
    spent = client.info("commandstats")["cmdstat_set"]["usec"]
    assert page.value("redis_commands_latencies_usec_sum", cmd="set") == spent


def test_empty_databases_have_no_keys(redis_server: RedisServer, client: redis.Redis) -> None:
    with redis_server.client(3) as other:
        other.set("a", 1)
        with watching(redis={"url": redis_server.url}) as exporter:
            page, everything = exporter.page("redis"), exporter.page()
        other.flushdb()
    found = {labels["db"]: value for labels, value in page.series("redis_db_keys")}
    assert found == {f"db{number}": float(number == 3) for number in range(16)}
    assert page.value("redis_db_keys_expiring", db="db0") == 0
    assert [labels["db"] for labels, _ in everything.series("redis_db_keys")] == ["db3"]


def test_asking_leaves_no_error_in_the_servers_own_counts(
    redis_server: RedisServer, client: redis.Redis
) -> None:
    before = client.info("errorstats")
    with watching(redis={"url": redis_server.url}) as exporter:
        exporter.page("cache")
    assert client.info("errorstats") == before


def test_a_replica_whose_master_is_gone_says_so(own_redis_server: RedisServer) -> None:
    with own_redis_server.client() as client:
        client.replicaof("127.0.0.1", str(free_port()))
    with watching(redis={"url": own_redis_server.url}) as exporter:
        page = exporter.page(SERVER)
    assert page.value("redis_master_link_up") == 0
    assert page.value("redis_instance_info", role="slave") == 1


def test_a_user_without_rights_costs_only_what_he_may_not_see(
    redis_server: RedisServer, client: redis.Redis, narrow: str, caplog: pytest.LogCaptureFixture
) -> None:
    with watching(redis={"url": narrow, "fast_period": 0.01, "server_period": 0.01}) as exporter:
        page = exporter.page("cache.ping", SERVER, "cache.keys")
        assert page.value("redis_up") == 1
        assert page.value("ops_collector_success", collector=SERVER) == 0
        assert page.value("ops_collector_success", collector="cache.keys") == 0
        client.acl_setuser("narrow", enabled=True, commands=["+info"])
        page = eventually(lambda: knows_memory(exporter.page(SERVER)))
        assert page.series("redis_slowlog_length") == []
    assert "does not allow this user the command" in caplog.text
    assert "pass-word" not in caplog.text


def knows_memory(page: Page) -> Page:
    """The page, once INFO is in it."""
    assert page.value("redis_memory_used_bytes") is not None
    return page


def test_a_wrong_password_is_named_but_not_shown(
    redis_server: RedisServer, narrow: str, caplog: pytest.LogCaptureFixture
) -> None:
    told = said_of(narrow.replace("pass-word", "wr0ng"), caplog, up=None)
    assert "cache refused the password" in told
    assert "wr0ng" not in told


def test_no_password_where_one_is_wanted(start_server: StartServer, caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    start_server(
        "redis-server", "--port", str(port), "--requirepass", "secret", "--save", "", ready=connects(port)
    )
    assert "cache refused the password" in said_of(f"redis://127.0.0.1:{port}/0", caplog, up=None)


def connects(port: int) -> Any:
    """Whether somebody listens there."""
    return lambda: (
        subprocess.run(["redis-cli", "-p", str(port), "ping"], capture_output=True, check=False).stdout
    )


def test_a_refused_connection_is_down(caplog: pytest.LogCaptureFixture) -> None:
    assert "cache cannot be reached" in said_of(f"redis://127.0.0.1:{free_port()}/0", caplog)


def test_a_server_that_speaks_something_else_is_down(
    backend: BackendDouble, caplog: pytest.LogCaptureFixture
) -> None:
    told = said_of(backend.url.replace("http", "redis"), caplog)
    assert "cache.server fails: cache" in told


def test_a_unix_socket_will_do(start_server: StartServer, tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    start_server("redis-server", "--port", "0", "--unixsocket", str(path), "--save", "", ready=path.exists)
    with watching(redis={"url": f"unix://{path}?db=3"}) as exporter:
        page = exporter.page("cache.ping", "cache.keys")
    assert page.value("redis_up") == 1
    assert page.value("redis_number_of_distinct_key_groups", db="db3") == 0


def test_a_node_of_a_cluster_is_told_apart(
    start_server: StartServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    command = (
        "redis-server",
        "--port",
        str(port),
        "--cluster-enabled",
        "yes",
        "--cluster-port",
        str(free_port()),
    )
    start_server(*command, "--save", "", "--dir", str(tmp_path), ready=connects(port))
    url = f"redis://127.0.0.1:{port}/0"
    with watching(redis={"url": url}, ingestion={"url": url}) as exporter:
        page = exporter.page("cache.ping", SERVER, "ingestion.queues", "ingestion.worker")
    assert page.value("redis_up") == 1
    assert page.value("redis_cluster_enabled") == 1
    assert page.series("ops_ingestion_queue_length") == []
    assert "ingestion.worker fails: ingestion queue belongs to a cluster that is down" in caplog.text


def test_frozen_thawed_stopped_and_started_again(own_redis_server: RedisServer) -> None:
    settings = {"url": own_redis_server.url, "timeout": 0.3, "fast_period": 0.01, "server_period": 0.01}
    with watching(redis=settings) as exporter:

        def up() -> float | None:
            page = exporter.page("cache.ping", SERVER)
            assert page.seconds < 1
            assert bool(page.series("redis_memory_used_bytes")) == bool(page.value("redis_up"))
            return page.value("redis_up")

        assert up() == 1
        for end, begin in (
            (own_redis_server.freeze, own_redis_server.thaw),
            (own_redis_server.stop, own_redis_server.start),
        ):
            end()
            eventually(lambda: up() == 0)
            begin()
            eventually(lambda: up() == 1, within=8)


def test_without_a_server_there_is_nothing_to_say() -> None:
    with watching() as exporter:
        page = exporter.page("cache.ping", SERVER, "cache.keys")
    assert page.series("redis_up") == page.series("ops_collector_success") == []
