"""Forms that no browser sends: the answer is a sentence and a status of 4xx, on either kind of database."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from ingestion_api.app import create_app
from tests.ingestion_api.pages.desk import TOKEN, desk_settings
from tests.ingestion_api.pages.visits import Visits
from tests.servers.postgres_server import PostgresServer
from tests.servers.redis_server import RedisServer

TEXTS = ("a\0b", "\r\n", "\x7f", "\u202e", "9" * 30, "-1", "1e999", "NaN", "\u0661", "x" * 3_000, "%", "'")
NO_FORMS = (b"&" * 9_000, b"a=b&" * 3_000, b"%", b"=" * 3_000, b"\xff\xfe", b"form_key=%00")
ADDRESSES = ("/alerts?a={}", "/jobs?state={}", "/cache?prefix={}", "/sign-in?next={}", "/{}")
FIELDS = {
    "/ingest": ("repo_url", "key", "form_key"),
    "/embeddings": ("which", "resource_ids", "batch_size"),
    "/cache/dry-run": ("prefix",),
    "/cache/clear": ("prefix", "confirmation", "sure"),
    "/jobs/1/cancel": ("more",),
    "/alerts/1/acknowledge": ("note", "back"),
    "/preferences/worker_queue_length": ("warning", "critical", "reason", "lasts"),
}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def bad_client(
    request: pytest.FixtureRequest, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """An application on each kind of database."""
    more: dict[str, object] = {"queue_limit": 1_000}
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        more["database_url"] = server.fresh_database()
    settings = desk_settings(tmp_path_factory.mktemp("bad"), redis_server.url.removesuffix("/0"), **more)
    with TestClient(create_app(settings), follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def operator(bad_client: TestClient) -> Visits:
    """Somebody who has signed in."""
    assert isinstance(bad_client.app, FastAPI)
    bad_client.cookies.clear()
    visits = Visits(bad_client, bad_client.app)
    assert visits.post("/sign-in", token=TOKEN).status_code == 303
    return visits


@pytest.mark.parametrize("address", FIELDS)
def test_whatever_a_field_holds_nothing_fails(operator: Visits, address: str) -> None:
    """503 would say that the database is away, 500 that the service is wrong."""
    for field in FIELDS[address]:
        for text in TEXTS:
            fields = {"repo_url": "https://127.0.0.1/a/b", "prefix": "aa", "sure": "yes", "which": "named"}
            answer = operator.post(address, **{**fields, field: text})
            assert answer.status_code < 500, (field, text, answer.text[-600:])


def test_a_key_that_cannot_be_stored_is_told(operator: Visits) -> None:
    """It is the form's, so there is no sentence about the database."""
    answer = operator.post("/ingest", repo_url="https://127.0.0.1/a/b", key="a\0b")
    assert "database" not in answer.text.partition("<main")[2]


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "application/json", "x"])
def test_a_strangers_form_that_is_none_is_4xx(bad_client: TestClient, kind: str) -> None:
    """Of whichever kind it says to be."""
    for content in NO_FORMS:
        for address in ("/sign-in", "/ingest", "/sign-out", "/nothing"):
            answer = bad_client.post(address, content=content, headers={"Content-Type": kind})
            assert 400 <= answer.status_code < 500, (address, content)


def test_whatever_an_address_holds_nothing_fails(operator: Visits) -> None:
    """Signed in."""
    for address in ADDRESSES:
        for text in TEXTS:
            path = address.replace("{}", quote(text, safe=""))
            assert operator.get(path).status_code < 500, path
