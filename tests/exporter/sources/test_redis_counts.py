"""What the exporter itself sends to Redis is no traffic of the users."""

import time

import pytest

from exporter.sources.redis_counts import CommandCounts, command_name
from exporter.sources.redis_user_counts import UserCommandCounts
from tests.exporter.exporter_page import Page, Watched, watching
from tests.exporter.sources.test_redis_footprint import FAST, all_on
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

TOTALS = (
    "redis_commands_processed_total",
    "redis_keyspace_hits_total",
    "redis_keyspace_misses_total",
    "redis_connections_received_total",
)
SENT = {"get": 14, "llen": 7, "ping": 7}
# what the client library of these tests sends by itself
GREETING = ("hello", "client|setinfo", "config|resetstat", "client|maint_notifications", "auth", "select")


def busy(exporter: Watched, seconds: float) -> None:
    """Scrape for so long."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        exporter.page(*FAST, "cache", "workers", "ingestion")


def of_users(page: Page) -> dict[str, float]:
    """The commands that users have sent, by name."""
    return {labels["cmd"]: value for labels, value in page.series("redis_commands_total") if value}


def watched(server: RedisServer) -> dict[str, dict[str, object]]:
    """Everything on this server, INFO asked at once."""
    settings = all_on(server)
    settings["redis"] |= {"server_period": 0.01, "keys_period": 0.5}
    settings["celery"] |= {"inspect_period": 0.5, "period": 0.5, "results_period": 0.5}
    settings["ingestion"] |= {"fast_period": 0.05, "period": 0.1}
    return settings


def test_only_what_users_send_is_counted(own_redis_server: RedisServer) -> None:
    with own_redis_server.client() as client:
        client.set("a", 1)  # before the exporter, which adds the server's life so far
        client.lpush("urgent", "x")
        client.config_resetstat()
        with watching(**watched(own_redis_server)) as exporter:
            busy(exporter, 2.0)
            for _ in range(7):
                client.get("a")
                client.get("nothing")
                client.llen("urgent")
                client.ping()
            busy(exporter, 2.0)
            # a command on its way while INFO is made is the users' until the next INFO
            page = eventually(lambda: settled(exporter.page("cache.server")))
    assert page.value("redis_keyspace_hits_total") == pytest.approx(14, abs=2)


def settled(page: Page) -> Page:
    """The page, once no command of ours counts as one of the users'."""
    found = of_users(page)
    assert {name: found[name] for name in SENT} == pytest.approx(SENT, abs=1)
    others = {name: n for name, n in found.items() if name not in SENT and name not in GREETING}
    assert sum(others.values()) <= 3, others
    assert page.value("redis_keyspace_misses_total") == pytest.approx(7, abs=2)
    assert page.value("redis_commands_processed_total") == pytest.approx(sum(found.values()), abs=3)
    assert page.value("redis_connections_received_total") == pytest.approx(0, abs=1)
    return page


def test_an_exporter_that_starts_anew_takes_the_old_ones_commands_for_nobodys(
    own_redis_server: RedisServer,
) -> None:
    with watching(**watched(own_redis_server)) as exporter:
        busy(exporter, 2.0)
    with own_redis_server.client() as client, watching(**watched(own_redis_server)) as exporter:
        before = exporter.page("cache.server")
        client.set("a", 1)
        busy(exporter, 1.0)
        page = eventually(lambda: exporter.page("cache.server"))
    for name in ("ping", "llen", "exists", "getrange", "info"):
        assert (of_users(page).get(name) or 0) <= 3, name
    assert before.value("redis_commands_processed_total") == 0
    assert of_users(page)["set"] == 1
    assert (page.value("redis_commands_processed_total") or 0) < 12


def test_counts_go_on_where_the_server_starts_anew(own_redis_server: RedisServer) -> None:
    with watching(**watched(own_redis_server)) as exporter:
        with own_redis_server.client() as client:
            for _ in range(50):
                client.get("nothing")
        highest = eventually(lambda: all_totals(exporter))
        own_redis_server.kill()
        eventually(lambda: exporter.page("cache.ping").value("redis_up") == 0)
        own_redis_server.start()
        eventually(lambda: all_totals(exporter))
        for _ in range(10):
            page = exporter.page("cache.server")
            assert all(now >= then for now, then in zip(totals(page), highest, strict=True))
            highest = totals(page)
        assert of_users(page)["get"] == 50
        with own_redis_server.client() as client:
            client.get("nothing")
        eventually(lambda: of_users(exporter.page("cache.server"))["get"] == 51)


def all_totals(exporter: Watched) -> list[float]:
    """The totals now, once each is there."""
    found = totals(exporter.page("cache.server"))
    return found if len(found) == len(TOTALS) else []


def totals(page: Page) -> list[float]:
    """The totals on this page, none where it has none."""
    return [value for name in TOTALS if (value := page.value(name)) is not None]


def said(calls: int, usec: int = 0) -> dict[str, object]:
    """INFO of a server that ran LLEN so often."""
    stats = {"calls": calls, "usec": usec, "rejected_calls": 0, "failed_calls": 0}
    return {"cmdstat_llen": stats, "total_commands_processed": calls}


def sent(calls: int) -> CommandCounts:
    """What we sent."""
    own = CommandCounts()
    own.calls["llen"], own.totals["commands"] = calls, calls
    return own


def llen(info: dict[str, object]) -> dict[str, float]:
    """The users' part of the command."""
    return info["cmdstat_llen"]  # type: ignore[return-value]


def test_a_command_on_its_way_makes_no_count_fall() -> None:
    users = UserCommandCounts()
    shown = [
        llen(users.without(said(calls), sent(own)))["calls"]
        for calls, own in ((10, 4), (10, 6), (14, 8), (15, 8))
    ]
    assert shown == [6, 6, 6, 7]


def test_the_time_spent_is_shared_by_the_calls() -> None:
    users = UserCommandCounts()
    users.without(said(10, usec=100), sent(5))
    after = llen(users.without(said(30, usec=300), sent(15)))
    assert (after["calls"], after["usec"]) == (15, 150)


def test_the_time_of_a_command_that_was_new_to_the_server_is_the_users() -> None:
    users = UserCommandCounts()
    users.without({"total_commands_processed": 1}, CommandCounts())
    after = llen(users.without(said(10, usec=100), CommandCounts()))
    assert (after["calls"], after["usec"]) == (10, 100)


def test_a_server_that_counts_a_command_with_its_subcommands_counts_ours_so() -> None:
    own = CommandCounts()
    own.calls.update({"config": 1, "config|get": 3, "configure": 8})
    info = {"cmdstat_config": {"calls": 9, "rejected_calls": 0, "failed_calls": 0}}
    assert UserCommandCounts().without(info, own)["cmdstat_config"]["calls"] == 5


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (("MEMORY", "USAGE", "a"), "memory|usage"),
        (("GET", "a"), "get"),
        (("EXISTS", "a", "b"), "exists"),
        (("CONFIG",), "config"),
    ],
)
def test_only_commands_that_have_subcommands_are_counted_by_them(command: tuple[str, ...], name: str) -> None:
    assert command_name(command) == name
