"""What the tests of the pages share: a service of their own, a signed-in client."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from fastapi import FastAPI
from starlette.testclient import TestClient

from ingestion_api.access.attempt_limiter import AttemptLimiter
from ingestion_api.app import create_app
from prometheus.thresholds import FILE
from tests.ingestion_api.pages.desk import TOKEN, Desk, desk_settings, open_desk
from tests.ingestion_api.pages.states import CROSS_SECTION, STATES
from tests.ingestion_api.pages.visits import Visits
from tests.servers.redis_server import RedisServer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to `make fuzz` what a second engine would show again."""
    for item in items:
        shown = (
            item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        )
        if shown.get("tower") == "firefox" and shown.get("state") in set(STATES) - set(CROSS_SECTION):
            item.add_marker("fuzz")


def few_signals(folder: Path) -> Path:
    """Three of the signals, of each kind one: a page of all takes the checker seconds."""
    whole = yaml.safe_load(FILE.read_text())
    names = ("api_error_ratio", "worker_queue_length", "backend_up")
    few = {**whole, "signals": {name: whole["signals"][name] for name in names}}
    (folder / "thresholds.yml").write_text(yaml.safe_dump(few))
    return folder / "thresholds.yml"


@pytest.fixture(scope="module")
def running_desk(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A service that the tests of a module share."""
    folder = tmp_path_factory.mktemp("desk")
    signals = {"thresholds_file": few_signals(folder)}
    with open_desk(desk_settings(folder, redis_server.url.removesuffix("/0"), **signals)) as desk:
        yield desk


@pytest.fixture(scope="module")
def dark_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A service whose broker, cache, resources and signals are away."""
    folder = tmp_path_factory.mktemp("dark")
    away = {
        "resources_url": "postgresql+psycopg://tower@127.0.0.1:1/tower",
        "thresholds_file": folder / "thresholds.yml",
    }
    with open_desk(desk_settings(folder, "redis://127.0.0.1:1", **away)) as desk:
        yield desk


@pytest.fixture
def desk(running_desk: Desk) -> Desk:
    """The service of the module, with nothing in it."""
    running_desk.empty()
    return running_desk


@pytest.fixture(scope="module")
def open_client(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An application without a port, which the tests of a module share."""
    app = create_app(desk_settings(tmp_path_factory.mktemp("client"), redis_server.url.removesuffix("/0")))
    with TestClient(app, follow_redirects=False) as client:
        yield client


@pytest.fixture
def visits(open_client: TestClient) -> Visits:
    """A browser without pictures, not signed in."""
    assert isinstance(open_client.app, FastAPI)
    open_client.cookies.clear()
    open_client.app.state.gate.attempts = AttemptLimiter(limit=3, window=60)
    return Visits(open_client, open_client.app)


@pytest.fixture
def operator(visits: Visits) -> Visits:
    """The same, signed in."""
    assert visits.post("/sign-in", token=TOKEN).status_code == 303
    return visits
