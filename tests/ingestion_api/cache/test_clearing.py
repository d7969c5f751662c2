"""A part of the cache is cleared in two steps, letter by letter, and never what is protected."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from tests.servers.redis_server import RedisServer

CACHE = "/api/v1/cache"
CLEAR = "/api/v1/cache/clear"


def fill(redis_server: RedisServer, **keys: int) -> None:
    """Put so many keys under each prefix."""
    with redis_server.client(2) as redis:
        for prefix, number in keys.items():
            redis.mset({f"{prefix}:{n}": "x" for n in range(number)})


def test_a_dry_run_counts_and_removes_nothing(client: TestClient, redis_server: RedisServer) -> None:
    """It is what happens unless one asks for more."""
    fill(redis_server, embedding=1204, quality=7)
    answer = client.post(CLEAR, json={"prefix": "embedding:"}).json()
    assert (answer["dry_run"], answer["keys"], answer["whole"]) == (True, 1204, True)
    assert client.get(CACHE).json()["keys"] == 1211


def test_a_confirmed_clear_removes_the_prefix_only(client: TestClient, redis_server: RedisServer) -> None:
    """And leaves an audit row with the number."""
    fill(redis_server, embedding=1204, quality=7)
    confirmation = client.post(CLEAR, json={"prefix": "embedding:"}).json()["confirmation"]
    body = {"prefix": "embedding:", "dry_run": False, "confirmation": confirmation}
    answer = client.post(CLEAR, json=body).json()
    assert (answer["dry_run"], answer["keys"]) == (False, 1204)
    assert client.get(CACHE).json()["groups"] == {"quality:": 7}
    change = client.get("/api/v1/audit").json()["changes"][0]
    assert (change["action"], change["subject"]) == ("clear_cache", "embedding:")
    assert change["details"] == {"outcome": "done", "keys": 1204, "whole": True}


@pytest.mark.parametrize("confirmation", [None, "", "1.2", "99999999999.abc"])
def test_without_the_confirmation_nothing_is_removed(
    client: TestClient, redis_server: RedisServer, confirmation: str | None
) -> None:
    """409, and no audit row."""
    fill(redis_server, quality=7)
    answer = client.post(CLEAR, json={"prefix": "quality:", "dry_run": False, "confirmation": confirmation})
    assert answer.status_code == 409
    assert "do a dry run first" in answer.json()["detail"]
    assert client.get(CACHE).json()["keys"] == 7
    assert client.get("/api/v1/audit").json()["changes"] == []


def test_a_confirmation_is_good_for_its_prefix_only(client: TestClient, redis_server: RedisServer) -> None:
    """Another prefix needs a dry run of its own."""
    fill(redis_server, quality=7, embedding=2)
    confirmation = client.post(CLEAR, json={"prefix": "embedding:"}).json()["confirmation"]
    body = {"prefix": "quality:", "dry_run": False, "confirmation": confirmation}
    assert client.post(CLEAR, json=body).status_code == 409


@pytest.mark.parametrize("prefix", ["re", "revoked_token:", "revoked_token:eyJ"])
def test_revoked_tokens_stay_revoked(client: TestClient, redis_server: RedisServer, prefix: str) -> None:
    """Clearing them would let them in again."""
    fill(redis_server, revoked_token=3)
    assert client.post(CLEAR, json={"prefix": prefix}).json()["keys"] == 0


@pytest.mark.parametrize("prefix", ["**", "[a-z]", "?u", "quali*"])
def test_a_prefix_is_no_pattern(client: TestClient, redis_server: RedisServer, prefix: str) -> None:
    """Only keys that begin with these very letters are meant."""
    fill(redis_server, quality=7)
    assert client.post(CLEAR, json={"prefix": prefix}).json()["keys"] == 0


def test_statistics_count_hits_and_groups(client: TestClient, redis_server: RedisServer) -> None:
    """As Redis itself counts them."""
    fill(redis_server, quality=2)
    with redis_server.client(2) as redis:
        redis.set("alone", "x")
        for key in ("alone", "quality:0", "quality:1", "gone"):
            redis.get(key)
    body = client.get(CACHE).json()
    assert (body["keys"], body["groups"]) == (3, {"quality:": 2, "(no prefix)": 1})
    assert body["hit_ratio"] == 0.75
    assert body["memory_bytes"] > 0


def test_without_a_cache_the_answer_says_so(start: Callable[..., TestClient]) -> None:
    """503 with the setting's name."""
    answer = start(cache_url=None).get(CACHE)
    assert (answer.status_code, answer.json()) == (
        503,
        {"detail": "No cache is configured; set SERVICE_CACHE_URL."},
    )


def test_a_cache_that_is_away_is_503(start: Callable[..., TestClient], own_redis_server: RedisServer) -> None:
    """The rest of the service goes on."""
    client = start(cache_url=own_redis_server.url)
    own_redis_server.kill()
    assert client.get(CACHE).status_code == 503
    assert client.get("/-/ready").status_code == 200
