"""What the service's tests share: a store on each database, a clock that is set, a service to ask."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from ingestion_api.access.bearer import Actor
from ingestion_api.app import create_app
from ingestion_api.service import Service, make_service
from ingestion_api.settings import Settings
from ingestion_api.store import Store
from ingestion_api.store.migrate import migrate
from ingestion_api.store.tables import Base
from tests.ingestion_api.git_server import GitServer, serving
from tests.ingestion_api.processes import AUTHORIZED, TOKEN
from tests.servers.postgres_server import PostgresServer
from tests.servers.redis_server import RedisServer

MORNING = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
KEEPER = Actor("keeper", "192.0.2.7")


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = MORNING

    def __call__(self) -> datetime:
        """The time it shows."""
        return self.now

    def move(self, **by: float) -> None:
        """Turn the hands."""
        self.now += timedelta(**by)


@pytest.fixture
def no_deep_folders(tmp_path: Path) -> Iterator[None]:
    """Whatever a test leaves goes, however deep; pytest's own removal would break off."""
    yield
    subprocess.run(["rm", "-rf", "--", str(tmp_path)], check=True)


@pytest.fixture
def clock() -> HandClock:
    """A clock that shows an early morning."""
    return HandClock()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables, to be copied."""
    file = tmp_path_factory.mktemp("sqlite") / "own.db"
    store = Store.at(f"sqlite:///{file}")
    migrate(store.engine)
    store.close()
    return file


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: PostgresServer) -> str:
    """A PostgreSQL database with all tables, to be emptied."""
    url = postgres_server.fresh_database()
    store = Store.at(url)
    migrate(store.engine)
    store.close()
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind with empty tables."""
    if request.param == "postgres":
        url: str = request.getfixturevalue("migrated_postgres")
        return url
    shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "own.db")
    return f"sqlite:///{tmp_path}/own.db"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store with empty tables, on each kind of database."""
    store = Store.at(database_url)
    if store.engine.dialect.name == "postgresql":
        names = ", ".join(table.name for table in Base.metadata.sorted_tables)
        with store.write() as session:
            session.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    yield store
    store.close()


@pytest.fixture
def settings(tmp_path: Path, redis_server: RedisServer) -> Callable[..., Settings]:
    """A function that gives settings for a test; keywords change some."""
    redis_server.flush()

    def build(**changes: Any) -> Settings:
        usual: dict[str, Any] = {
            "run_dir": tmp_path / "run",
            "broker_url": redis_server.database(0),
            "cache_url": redis_server.database(2),
            "token": TOKEN,
            "trusted_hosts": ("127.0.0.1",),
            "outbox_period": 600.0,
        }
        return Settings(**usual | changes)

    return build


@pytest.fixture
def start(
    settings: Callable[..., Settings], clock: HandClock, migrated_sqlite: Path
) -> Iterator[Callable[..., TestClient]]:
    """A function that starts a service and gives a signed-in client; keywords change settings."""
    with ExitStack() as clients:

        def begin(**changes: Any) -> TestClient:
            chosen = settings(**changes)
            copy_tables(migrated_sqlite, chosen)
            app = create_app(chosen, make_service(chosen, clock))
            # an unexpected error is an answer here too, as it is for a real client
            client = TestClient(app, headers=AUTHORIZED, raise_server_exceptions=False)
            return clients.enter_context(client)

        yield begin


@pytest.fixture
def client(start: Callable[..., TestClient]) -> TestClient:
    """A service with usual settings."""
    return start()


@pytest.fixture
def git(tmp_path: Path) -> Iterator[GitServer]:
    """A host of repositories under tmp_path/repositories."""
    root = tmp_path / "repositories"
    root.mkdir()
    with serving(GitServer(root)) as server:
        yield server


def copy_tables(migrated: Path, settings: Settings) -> None:
    """Copy a database with all tables for a service that has none: making one is slower than most tests."""
    file = Path(settings.database.removeprefix("sqlite:///"))
    if settings.database_url is None and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(migrated, file)


def service_behind(client: TestClient) -> Service:
    """The parts of the service that a client talks to."""
    service: Service = client.app.state.service  # type: ignore[attr-defined]
    return service
