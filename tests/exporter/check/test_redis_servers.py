"""The check of Redis databases: what an ACL refuses, and the rule that allows it."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from redis.exceptions import ResponseError

from exporter.check import run
from exporter.check.finding import FindingState, ReportSection
from exporter.settings import Settings
from tests.servers.redis_server import RedisServer

WORD = "a-word-of-theirs"
# the most that any of the four needs
LEAST = (
    "%R~* ~_kombu.binding.reply.watchroom.* ~*.watchroom.pidbox "
    "resetchannels &/0.celeryev* &/0.celery.pidbox "
    "+ping +select +info +slowlog|len +slowlog|get +latency|latest +dbsize +scan +memory|usage "
    "+exists +type +strlen +llen +hlen +scard +zcard +xlen +lindex +zrange +smembers "
    "+psubscribe +publish +sadd +expire +brpop +del +getrange +lrange +hvals"
)
ROLES = {"cache": 2, "broker": 0, "results": 1, "ingestion": 3}


def reader(server: RedisServer, *rules: str) -> None:
    """Let the user `reader` have these rules and no others."""
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "reader", "reset", "on", f">{WORD}", *rules)


def checked(
    server: RedisServer, user: str = f"reader:{WORD}@", **celery: Any
) -> tuple[dict[str, ReportSection], str]:
    """The sections, and the whole report."""
    at = {name: f"redis://{user}127.0.0.1:{server.port}/{number}" for name, number in ROLES.items()}
    settings = Settings.model_validate(
        {
            "backend": {"url": "http://127.0.0.1:1"},
            "redis": {"url": at["cache"]},
            "celery": {"broker_url": at["broker"], "results_url": at["results"], **celery},
            "ingestion": {"url": at["ingestion"]},
        }
    )
    result = asyncio.run(run.run_check(settings))
    return {it.name: it for it in result.sections}, run.render_report(result, 100)


def hidden(section: ReportSection) -> dict[str, str]:
    """What cannot be seen, with what to do."""
    return {it.what: it.advice for it in section.findings if it.state is FindingState.HIDDEN}


def test_a_user_with_all_rights_sees_all(own_redis_server: RedisServer) -> None:
    found, _ = checked(own_redis_server, user="")
    assert {name: hidden(found[name]) for name in ROLES} == {name: {} for name in ROLES}


def test_each_refused_command_has_its_rule(own_redis_server: RedisServer) -> None:
    reader(own_redis_server, "~*", "&*", "+@all", "-llen", "-slowlog", "-psubscribe", "-brpop")
    found, report = checked(own_redis_server)
    assert hidden(found["broker"])["LLEN"] == "ACL SETUSER reader +llen"
    assert hidden(found["broker"])["BRPOP"] == "ACL SETUSER reader +brpop"
    assert "+psubscribe" in hidden(found["broker"])["worker events"]
    assert hidden(found["cache"])["SLOWLOG LEN"] == "ACL SETUSER reader +slowlog|len"
    assert hidden(found["ingestion"])["LLEN"] == "ACL SETUSER reader +llen"
    assert WORD not in report


@pytest.mark.parametrize("rules", [("+@all",), ("~*", "&*", "+ping"), ("~*", "+@all")])
def test_what_it_advises_is_enough(own_redis_server: RedisServer, rules: tuple[str, ...]) -> None:
    """Whoever runs the lines of the table, a few times, sees all."""
    reader(own_redis_server, *rules)
    for _ in range(6):
        found, _ = checked(own_redis_server)
        lines = {
            line for it in ROLES for line in hidden(found[it]).values() if line.startswith("ACL SETUSER")
        }
        if not lines:
            break
        with own_redis_server.client() as client:
            for line in lines:
                # a pattern beside `*` is refused, since it has no effect
                with suppress(ResponseError):
                    client.execute_command(*(word.strip("'") for word in line.split()))
    assert {name: hidden(found[name]) for name in ROLES} == {name: {} for name in ROLES}


def test_a_reader_with_just_these_rights_sees_all(own_redis_server: RedisServer) -> None:

    reader(own_redis_server, *LEAST.split())
    found, _ = checked(own_redis_server)
    assert {name: hidden(found[name]) for name in ROLES} == {name: {} for name in ROLES}


def test_another_separator_and_another_prefix_are_found(own_redis_server: RedisServer) -> None:
    with own_redis_server.client(0) as client:
        client.rpush("default:3", "x")
        client.sadd("prod:_kombu.binding.celery", "x")
    with own_redis_server.client(1) as client:
        client.set("prod:celery-task-meta-1", "{}")
    found, _ = checked(own_redis_server, user="")
    told = {
        "priority lists": "Set celery.separator to ':' (OPS_CELERY__SEPARATOR).",
        "keys _kombu.binding.*": "Set celery.key_prefix to 'prod:' (OPS_CELERY__KEY_PREFIX).",
    }
    assert told.items() <= hidden(found["broker"]).items()
    assert "keys celery-task-meta-*" in hidden(found["results"])
    found, _ = checked(own_redis_server, user="", separator=":", key_prefix="prod:")
    assert "keys _kombu.binding.*" not in hidden(found["broker"])
    assert hidden(found["results"]) == {}


def test_a_wrong_password_is_told_and_not_shown(own_redis_server: RedisServer) -> None:
    found, report = checked(own_redis_server, user="reader:nobody-knows-this@")
    assert hidden(found["cache"]) == {"connection": "Correct user and password in REDIS_URL."}
    assert "nobody-knows-this" not in report


def test_a_redis_that_is_frozen_costs_the_check_only_seconds(own_redis_server: RedisServer) -> None:
    own_redis_server.freeze()
    found, _ = checked(own_redis_server, user="")
    own_redis_server.thaw()
    assert all(list(hidden(found[name])) == ["connection"] for name in ROLES)


def test_nothing_of_the_check_is_left_behind(own_redis_server: RedisServer) -> None:
    checked(own_redis_server, user="")
    with own_redis_server.client(0) as client:
        assert client.keys("*") == []
